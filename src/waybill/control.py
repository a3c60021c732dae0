"""The control store: one transactional database for tenants, snapshots, jobs, apps and the audit trail.

Each package declares its own tables on `metadata`; `open_control` creates what is missing.
SQLite with WAL and synchronous=FULL: a row that was committed survives kill -9 and power loss.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from waybill.errors import DataProblem, is_disk_full

metadata = sa.MetaData()

FORMAT = 1
"""Version of the control tables; a store written by a newer Waybill is refused."""

store_format = sa.Table("store_format", metadata, sa.Column("version", sa.Integer, primary_key=True))


def sqlite_engine(path: Path) -> sa.Engine:
    """An engine on one SQLite file with the durability we promise (design.md, "Jobs")."""
    engine = sa.create_engine(f"sqlite:///{path}")

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def open_control(path: Path) -> sa.Engine:
    """Open (or create) the control store at `path`. Raises DataProblem if a newer Waybill wrote it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sqlite_engine(path)
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            found = connection.execute(sa.select(store_format.c.version)).scalar()
            if found is None:
                connection.execute(store_format.insert().values(version=FORMAT))
    except sa.exc.DatabaseError as error:
        if is_disk_full(error):
            raise
        raise DataProblem(
            f"The control store {path} cannot be used: {error.orig}.",
            "Check this account's rights to the data folder; if the file is damaged, put it back from a backup.",
        ) from error
    if found is not None and found > FORMAT:
        raise DataProblem(
            f"The control store is of format {found}; this Waybill reads up to {FORMAT}.",
            "Use the newer Waybill that wrote it, or another --data folder.",
        )
    return engine
