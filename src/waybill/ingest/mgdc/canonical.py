"""From landed tables to the canonical ones: named SQL files in order, with the words they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

import duckdb

from waybill.errors import DataProblem
from waybill.ingest.mgdc.merge import sql
from waybill.tenant import claims
from waybill.tenant.levels import CUSTOM_RANK, LEVELS

_DEEPEST = 400
"""Folders in folders; SharePoint's paths have at most 400 characters."""


class Canonical:
    """Fills principal, site, securable, acl, link, ... of the snapshot that `connection` builds."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tenant: str) -> None:
        self._connection = connection
        connection.execute("SET VARIABLE tenant = $tenant", {"tenant": tenant})

    def build(self) -> None:
        self._words()
        run = self._connection.execute
        run(sql("10_sites"))
        run(
            sql("20_classify", {
                "plain": claims.plain_sql("spelled"),
                "meaning": claims.meaning_sql("claim"),
                "value": claims.value_sql("claim"),
            })
        )  # fmt: skip
        for name in ("30_people", "40_principals", "50_members", "60_places"):
            run(sql(name))
        self._parents()
        run(sql("62_securables"))
        run(sql("70_grants", {"custom_rank": str(CUSTOM_RANK)}))
        run(sql("80_problems"))
        run(sql("90_profiles"))
        run(sql("92_drives"))
        run(sql("94_activity"))

    def default_domain(self) -> str:
        """The domain most members' user principal names have; "" if there are none."""
        rows = self._connection.execute(
            "SELECT lower(split_part(upn, '@', 2)) FROM principal WHERE kind = 'user' AND NOT external AND contains(upn, '@') "
            "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        ).fetchall()
        return str(rows[0][0]) if rows else ""

    def activity_until(self) -> date | None:
        """The last day whose file actions are complete here; None if there are none."""
        rows = self._connection.execute(sql("activity_until")).fetchall()
        return cast("date | None", rows[0][0])

    def _parents(self) -> None:
        """Level by level upwards, until everything hangs below its site's root."""
        step = sql("61_parents_step")
        for _ in range(_DEEPEST):
            self._connection.execute(step)
            if not self._connection.execute("SELECT 1 FROM node WHERE up IS NULL LIMIT 1").fetchall():
                return
        raise DataProblem(
            f"A path is nested more than {_DEEPEST} folders deep.", "Check ItemURL and DirName for damage."
        )

    def _words(self) -> None:
        """The small tables of words that the SQL compares with: one source, the Python modules."""
        spellings = [(level.name.lower().replace(" ", "").replace("-", ""), level.id) for level in LEVELS]
        self._table("level_word (word VARCHAR, level SMALLINT)", spellings)
        self._table("special_name (name VARCHAR, meaning VARCHAR)", claims.SPECIAL_NAMES.items())
        self._table("special_title (meaning VARCHAR, title VARCHAR)", claims.SPECIAL_TITLES.items())
        self._table("role_name (name VARCHAR)", [(name,) for name in sorted(claims.ROLE_NAMES)])
        self._connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS unplaced (site_guid VARCHAR, reason VARCHAR)"
        )

    def _table(self, shape: str, rows: Iterable[Sequence[str | int]]) -> None:
        """A temporary table of a few rows, e.g. `name (word VARCHAR)`."""
        self._connection.execute(f"CREATE TEMP TABLE {shape}")
        for row in rows:
            marks = ", ".join("?" for _ in row)
            # str() takes the plain text out of our enumerations.
            values = [str(value) if isinstance(value, str) else value for value in row]
            self._connection.execute(f"INSERT INTO {shape.partition(' ')[0]} VALUES ({marks})", values)
