"""What a tenant chose for its usage reports: whether names are concealed, and the key that does it (graph.md 7)."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from waybill import audit
from waybill.clock import Clock
from waybill.control import metadata
from waybill.errors import DataProblem
from waybill.sealing import CannotOpen, Sealer

KEY_BYTES = 32

report_setting_table = sa.Table(
    "report_setting",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("conceal", sa.Boolean, nullable=False),
    sa.Column("changed", sa.Text, nullable=False),
)
# Apart from the choice: a key is made once and outlives every change of mind, so that the pseudonyms
# of one report can be joined with those of another.
report_key_table = sa.Table(
    "report_key",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)


class ReportSettings:
    """The settings of every tenant. Safe to share between threads."""

    def __init__(self, control: sa.Engine, sealer: Sealer, clock: Clock) -> None:
        self._control = control
        self._sealer = sealer
        self._clock = clock

    def conceals(self, tenant: str) -> bool:
        """`displayConcealedNames`: true for a tenant that never said, as Microsoft's is since 2021."""
        query = sa.select(report_setting_table.c.conceal).where(report_setting_table.c.tenant == tenant)
        with self._control.connect() as connection:
            found = connection.execute(query).scalar()
        return True if found is None else bool(found)

    def set_conceals(self, tenant: str, conceal: bool, client_id: str) -> None:
        """Change it; what is made from now on follows. The change and its audit line commit together."""
        now = self._clock.now()
        table = report_setting_table
        values = {"conceal": conceal, "changed": now.isoformat(timespec="microseconds")}
        with self._control.begin() as connection:
            changed = connection.execute(sa.update(table).where(table.c.tenant == tenant).values(**values))
            if not changed.rowcount:
                connection.execute(sa.insert(table).values(tenant=tenant, **values))
            detail = {"displayConcealedNames": conceal}
            audit.record(
                connection, audit.Entry(now, tenant, client_id, "reportsettings.change", tenant, detail)
            )

    def key(self, tenant: str) -> bytes:
        """The tenant's own key for pseudonyms, made on first use and sealed at rest.

        Raises DataProblem if it was sealed under another key file.
        """
        sealed = self._sealed_key(tenant)
        if sealed is None:
            self._make_key(tenant)
            sealed = self._sealed_key(tenant)
        try:
            return self._sealer.open(sealed or b"", _row(tenant))
        except CannotOpen as error:
            raise DataProblem(
                "The key for concealed names cannot be opened with this data folder's key file.",
                "Put back the file sealing.key that belongs to this control store.",
            ) from error

    def _sealed_key(self, tenant: str) -> bytes | None:
        query = sa.select(report_key_table.c.sealed).where(report_key_table.c.tenant == tenant)
        with self._control.connect() as connection:
            return connection.execute(query).scalar()

    def _make_key(self, tenant: str) -> None:
        """Make the key, or keep the one that somebody else has just made."""
        sealed = self._sealer.seal(secrets.token_bytes(KEY_BYTES), _row(tenant))
        try:
            with self._control.begin() as connection:
                connection.execute(sa.insert(report_key_table).values(tenant=tenant, sealed=sealed))
        except sa.exc.IntegrityError:
            if self._sealed_key(tenant) is None:
                raise


def _row(tenant: str) -> str:
    return f"report_key/{tenant}"
