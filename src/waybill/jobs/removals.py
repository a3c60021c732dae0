"""Requests to forget a person of another organisation (graph.md 5), kept and audited.

Nothing is deleted here: snapshots are immutable, and files that were delivered are the receiver's. A
request hides the profile in every snapshot whose facts were read before it. If the source still
names the person afterwards, a later snapshot shows them again: then the source has not forgotten.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from waybill import audit
from waybill.clock import Clock
from waybill.control import metadata

removal_table = sa.Table(
    "removal",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
)


class Removals:
    """The requests of all tenants. Thread-safe."""

    def __init__(self, control: sa.Engine, clock: Clock) -> None:
        self._control = control
        self._clock = clock

    def request(self, tenant: str, user_id: str, client_id: str) -> None:
        """Note that the person (object id, lower case) is to be forgotten. The newest request counts."""
        now = self._clock.now()
        row = {"at": _text(now), "client": client_id}
        table = removal_table
        with self._control.begin() as connection:
            mine = (table.c.tenant == tenant) & (table.c.user_id == user_id)
            if not connection.execute(sa.update(table).where(mine).values(row)).rowcount:
                connection.execute(table.insert().values(tenant=tenant, user_id=user_id, **row))
            audit.record(connection, audit.Entry(now, tenant, client_id, "profile.remove", user_id, {}))

    def requested(self, tenant: str, user_id: str) -> bool:
        """Whether anybody ever asked."""
        table = removal_table
        query = sa.select(table.c.at).where(table.c.tenant == tenant, table.c.user_id == user_id)
        with self._control.connect() as connection:
            return connection.execute(query).first() is not None

    def hidden(self, tenant: str, as_of: datetime) -> frozenset[str]:
        """Object ids that facts of `as_of` (aware) do not show any more."""
        table = removal_table
        query = sa.select(table.c.user_id).where(table.c.tenant == tenant, table.c.at >= _text(as_of))
        with self._control.connect() as connection:
            return frozenset(connection.execute(query).scalars())


def _text(moment: datetime) -> str:
    """Texts that sort as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
