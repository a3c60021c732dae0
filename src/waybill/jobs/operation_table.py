"""The operation table: what the job row does not know of a personal-data export (graph.md 4).

One row beside the job row of the same GUID, written in the same transaction. Where the data goes is
kept sealed, and only until the job has ended: `waybill.jobs.table.end` erases it with the ending.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from waybill.control import metadata

operation_table = sa.Table(
    "operation",
    metadata,
    sa.Column("guid", sa.Text, sa.ForeignKey("job.guid", ondelete="CASCADE"), primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("location", sa.Text, nullable=False),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("request_info", sa.Text, nullable=False),
    sa.Column("expected", sa.BigInteger, nullable=False, default=0),
    sa.Column("done", sa.BigInteger, nullable=False, default=0),
    sa.Index("operation_tenant", "tenant"),
)


@dataclass(frozen=True, slots=True)
class Destined:
    """Where an operation's data goes, as its row keeps it, and what it is about.

    user_id: object id of the person. location: what may be shown, without a query; "" for a folder of
    this machine, which is `folder`. sealed: the whole location, sealed under `sealed_row`; None for a
    folder, and once the job has ended. request_info: the text of RequestInfo.json (graph.md 8).
    """

    user_id: str
    location: str
    folder: str
    sealed: bytes | None
    request_info: str


def sealed_row(guid: str) -> str:
    """The name a sealed location is bound to."""
    return f"operation/{guid}"


def insert(connection: sa.Connection, guid: str, tenant: str, destined: Destined) -> None:
    """Write the row, in the transaction that writes the job's."""
    connection.execute(
        operation_table.insert().values(
            guid=guid,
            tenant=tenant,
            user_id=destined.user_id,
            location=destined.location,
            folder=destined.folder,
            sealed=destined.sealed,
            request_info=destined.request_info,
        )
    )


def destined_of(connection: sa.Connection, guid: str) -> Destined | None:
    """The operation's destination, or None if the job is no operation."""
    row = connection.execute(sa.select(operation_table).where(operation_table.c.guid == guid)).first()
    if row is None:
        return None
    return Destined(row.user_id, row.location, row.folder, row.sealed, row.request_info)


def erase_location(connection: sa.Connection, guid: str) -> None:
    """Forget the sealed location, in the transaction that ends the job."""
    connection.execute(sa.update(operation_table).where(operation_table.c.guid == guid).values(sealed=None))


def count_done(connection: sa.Connection, guid: str, done: int, expected: int) -> bool:
    """Note how many files are dealt with; whether that is further than any run of the job has come.

    It never goes back: a job that begins again delivers nothing twice, and is soon where it was.
    """
    further = (
        sa.update(operation_table)
        .where(operation_table.c.guid == guid, operation_table.c.done < done)
        .values(done=done, expected=expected)
    )
    return connection.execute(further).rowcount > 0
