"""The audit trail: who asked for what and when, in the control store, only ever appended to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from waybill.control import metadata

audit_table = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sqlite_autoincrement=True,  # an id is never used twice, so a hole in the trail would show
)

# The database itself refuses changes, so that no part of the program can make them by mistake.
for _change in ("UPDATE", "DELETE"):
    sa.event.listen(
        audit_table,
        "after_create",
        sa.DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy leaves this constructor untyped
            f"CREATE TRIGGER audit_no_{_change.lower()} BEFORE {_change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        ).execute_if(dialect="sqlite"),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail. `action` is a verb with its noun ("job.submit"), `subject` a GUID or name."""

    at: datetime
    tenant: str
    client_id: str
    action: str
    subject: str
    detail: Mapping[str, object]


def record(connection: sa.Connection, entry: Entry) -> None:
    """Append `entry` inside the caller's transaction: what is audited and its trace commit together.

    `detail` must be plain JSON and hold no secret, token or SAS.
    """
    connection.execute(
        audit_table.insert().values(
            at=entry.at.isoformat(timespec="microseconds"),
            tenant=entry.tenant,
            client_id=entry.client_id,
            action=entry.action,
            subject=entry.subject,
            detail=json.dumps(entry.detail, ensure_ascii=False, sort_keys=True),
        )
    )


def entries(control: sa.Engine, tenant: str, limit: int = 100) -> list[Entry]:
    """The newest `limit` lines of one tenant, newest first."""
    query = (
        sa.select(audit_table)
        .where(audit_table.c.tenant == tenant)
        .order_by(audit_table.c.id.desc())
        .limit(limit)
    )
    with control.connect() as connection:
        return [
            Entry(
                datetime.fromisoformat(row.at),
                row.tenant,
                row.client_id,
                row.action,
                row.subject,
                json.loads(row.detail),
            )
            for row in connection.execute(query)
        ]
