"""Take over what was loaded beside MGDC files: usage reports, people's files, and what of those could not be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from waybill.errors import DataProblem
from waybill.ingest.mgdc.merge import sql
from waybill.tenant.amend import PLUS
from waybill.tenant.build import SNAPSHOT_FORMAT


@dataclass(frozen=True, slots=True)
class Loaded:
    """The tenant's latest snapshot, whatever it was read from: `source` as it says of itself."""

    snapshot: str
    path: Path
    source: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What was taken over. `until`: the newest refresh date of its groups reports; `lost`: people who are gone."""

    rows: int
    until: date | None
    lost: int

    def sentences(self) -> list[str]:
        """For the person at the screen: what could not be taken over."""
        if not self.lost:
            return []
        return [
            "Usage reports or files had been loaded of people who are not in this data; "
            f"those were not taken over: {self.lost}."
        ]


def carry_loaded(connection: duckdb.DuckDBPyConnection, loaded: Loaded, attached: str | None) -> Carried:
    """Copy usage reports and loaded files into the snapshot being built.

    attached: under what name the file is attached already, if it is. People are found again by Entra id,
    else by user principal name; a person's loaded files stand in place of what the MGDC data tells of them.
    """
    name = attached or "loaded"
    if attached is None:
        quoted = str(loaded.path).replace("'", "''")
        try:
            connection.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")
        except duckdb.Error as error:
            raise DataProblem(
                f"Snapshot {loaded.snapshot}, whose usage reports and files would be kept, cannot be read: it is damaged.",
                "Ingest a full pull with --fresh.",
            ) from error
    try:
        told = connection.execute(f"SELECT value FROM {name}.meta WHERE key = 'format'").fetchall()
        if told != [(str(SNAPSHOT_FORMAT),)]:
            return Carried(0, None, 0)
        connection.execute(sql("carry", {"from": name}))
        rows, until, lost = connection.execute("SELECT rows, until, lost FROM carried").fetchall()[0]
        return Carried(int(rows), until, int(lost))
    finally:
        if attached is None:
            connection.execute(f"DETACH {name}")


def joined_source(own: str, loaded: Loaded | None, carried: Carried | None) -> str:
    """What the new snapshot says as its source: `own`, and what was added to the one before and is carried on."""
    if loaded is None or carried is None or not carried.rows:
        return own
    first, *added = loaded.source.split(PLUS)
    # A snapshot that was made of usage reports alone names them first.
    words = added if first == own or first.startswith("practice") else [first, *added]
    return PLUS.join([own, *words])
