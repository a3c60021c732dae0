"""Destinations an operator has registered for a tenant: a bare name that stands for a container's SAS URL.

That is how a storageLocation like "MyStorageAccount" resolves. The URL is sealed at rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from waybill.clock import Clock
from waybill.control import metadata
from waybill.delivery.locations import StorageRules, parse_location
from waybill.errors import BadRequest, Conflict, DataProblem, NotFound
from waybill.sealing import CannotOpen, Sealer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

destination_table = sa.Table(
    "destination",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("added", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Destination:
    """One registered destination. url: without its SAS."""

    name: str
    url: str
    added: datetime


class Destinations:
    """The registered destinations of all tenants, in the control store."""

    def __init__(self, control: sa.Engine, sealer: Sealer, rules: StorageRules, clock: Clock) -> None:
        self._control = control
        self._sealer = sealer
        self._rules = rules
        self._clock = clock

    def add(self, tenant: str, name: str, url: str) -> Destination:
        """Register a container's SAS URL under a name. Names are kept as written and are case-sensitive.

        Raises BadRequest for a name, LocationRefused for a URL that cannot be used, Conflict if there is one.
        """
        if not _NAME.fullmatch(name):
            raise BadRequest(
                "A destination's name has 1 to 63 letters, digits, dots, hyphens and underscores.",
                "Choose a name such as ExportStorage.",
                "name",
            )
        made = Destination(name, parse_location(url, self._rules).safe_url, self._clock.now())
        row = destination_table.insert().values(
            tenant=tenant,
            name=name,
            shown=made.url,
            sealed=self._sealer.seal(url.encode(), _row(tenant, name)),
            added=made.added.isoformat(timespec="microseconds"),
        )
        try:
            with self._control.begin() as connection:
                connection.execute(row)
        except sa.exc.IntegrityError:
            # Without the cause: it would show the values of the row.
            raise Conflict(
                f"There is a destination {name} already.", "Remove it first, or choose another name."
            ) from None
        return made

    def list(self, tenant: str) -> list[Destination]:
        """The tenant's destinations, by name."""
        query = (
            sa.select(destination_table)
            .where(destination_table.c.tenant == tenant)
            .order_by(destination_table.c.name)
        )
        with self._control.connect() as connection:
            return [
                Destination(row.name, row.shown, datetime.fromisoformat(row.added))
                for row in connection.execute(query)
            ]

    def remove(self, tenant: str, name: str) -> None:
        """Forget a destination. Raises NotFound."""
        with self._control.begin() as connection:
            gone = connection.execute(destination_table.delete().where(_is(tenant, name)))
        if not gone.rowcount:
            raise NotFound(f"There is no destination {name}.", "List them with `waybill destinations list`.")

    def find(self, tenant: str, name: str) -> str | None:
        """The full URL, with its SAS, of a destination; None if there is none of that name."""
        with self._control.connect() as connection:
            sealed = connection.execute(
                sa.select(destination_table.c.sealed).where(_is(tenant, name))
            ).scalar()
        if sealed is None:
            return None
        try:
            return self._sealer.open(sealed, _row(tenant, name)).decode()
        except CannotOpen:
            raise DataProblem(
                f"The destination {name} was sealed with another key.",
                "Put back the key file that belongs to this data folder, or register the destination anew.",
            ) from None


def _row(tenant: str, name: str) -> str:
    return f"destination/{tenant}/{name}"


def _is(tenant: str, name: str) -> sa.ColumnElement[bool]:
    return (destination_table.c.tenant == tenant) & (destination_table.c.name == name)
