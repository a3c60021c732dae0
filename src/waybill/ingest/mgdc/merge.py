"""Land one dataset: tenant walls, repeated rows, full and delta pulls, and what the snapshot before holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import duckdb
import pyarrow as pa

from waybill.ingest.mgdc.datasets import ARROW, DATASETS, Dataset
from waybill.ingest.mgdc.find import DatasetFile

LANDED_FORMAT = "2"
"""Version of the landed tables; a snapshot of another version is no base for a delta pull."""


def sql(name: str, words: Mapping[str, str] | None = None) -> str:
    """A named statement of this package; `{word}` stands for what differs by dataset."""
    text = resources.files("waybill.ingest.mgdc").joinpath("sql", f"{name}.sql").read_text("utf-8")
    for word, value in (words or {}).items():
        text = text.replace("{" + word + "}", value)
    return text


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of the staged rows of one dataset, and how many rows came from the snapshot before."""

    read: int
    repeated: int
    removed: int
    rejected: int
    carried: int
    full: bool  # the files hold a full pull, not changes alone


class Landing:
    """The schema `landed` of the snapshot being built."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, files: Sequence[DatasetFile], *, before: bool
    ) -> None:
        """`before`: a database `previous` is attached, whose landed rows may be carried over."""
        self._connection = connection
        self._before = before
        connection.execute("CREATE SCHEMA landed")
        connection.execute("CREATE TABLE landed.about (key VARCHAR PRIMARY KEY, value VARCHAR)")
        connection.execute("INSERT INTO landed.about VALUES ('format', ?)", [LANDED_FORMAT])
        connection.execute("CREATE TEMP TABLE source_file (number BIGINT, folder VARCHAR, day DATE)")
        connection.executemany(
            "INSERT INTO source_file VALUES (?, ?, ?)",
            [[number, file.folder, file.day] for number, file in enumerate(files)],
        )
        if not before:
            for dataset in DATASETS.values():
                schema = pa.schema([(field.name, ARROW[field.kind]) for field in dataset.fields])
                connection.register("incoming", schema.empty_table())
                connection.execute(f"CREATE TEMP TABLE none_{dataset.name} AS SELECT * FROM incoming")
                connection.unregister("incoming")

    def tenants(self, dataset: Dataset) -> list[tuple[str | None, int]]:
        """The tenants named by the staged rows, most frequent first; NULL, if any, last."""
        return self._connection.execute(
            f"SELECT ptenant, count(*) FROM landed.{dataset.name} "
            "GROUP BY ptenant ORDER BY ptenant IS NULL, count(*) DESC, ptenant"
        ).fetchall()

    def judge(self, dataset: Dataset, tenant: str | None, full: frozenset[str]) -> Fates:
        """Decide on what was staged. `tenant`: whose rows are let in, None = all; `full`: datasets pulled whole so far."""
        run = self._connection.execute
        words = _words(dataset, self._carried(dataset), gives_way=dataset.within in full)
        run("SET VARIABLE wall = $wall", {"wall": tenant})
        unclean = run(sql("unclean", words)).fetchall()[0][0]
        run(sql("verdict" if unclean else "verdict_clean", words))
        if dataset.name == "SharePointPermissions":
            run(sql("misplaced", words))
        counts = dict(run("SELECT fate, count(*) FROM verdict GROUP BY fate").fetchall())
        pulled = run(
            f"SELECT 1 FROM landed.{dataset.name} s JOIN verdict v ON v.id = s.rowid AND NOT v.carried "
            "AND v.fate <> 'rejected' "
            "WHERE lower(coalesce(s.Operation, 'full')) NOT IN ('created', 'updated', 'deleted') LIMIT 1"
        ).fetchall()
        return Fates(
            counts.get("read", 0), counts.get("repeated", 0), counts.get("removed", 0),
            counts.get("rejected", 0), counts.get("keep", 0), bool(pulled),
        )  # fmt: skip

    def land(self, dataset: Dataset, fates: Fates) -> None:
        """Keep of what was staged, and of what was carried, the rows that were taken, in the snapshot itself."""
        words = {"table": dataset.name, "columns": _columns(dataset), "carried": self._carried(dataset)}
        lost = fates.repeated + fates.removed + fates.rejected
        self._connection.execute(sql("land_again" if lost or fates.carried else "land", words))

    def carry(self, dataset: Dataset) -> int:
        """Take over a dataset that the files do not have; returns its rows."""
        self._connection.execute(
            f"CREATE TABLE landed.{dataset.name} AS SELECT {_columns(dataset)} FROM {self._carried(dataset)}"
        )
        return self.count(dataset)

    def count(self, dataset: Dataset) -> int:
        rows = self._connection.execute(f"SELECT count(*) FROM landed.{dataset.name}").fetchall()
        return int(rows[0][0])

    def refused(self, dataset: Dataset) -> list[tuple[int, int, str]]:
        """(file, object, reason) of every staged row that was not taken, in order."""
        return self._connection.execute(
            f"SELECT s._file, s._object, v.reason FROM verdict v JOIN landed.{dataset.name} s ON s.rowid = v.id "
            "WHERE NOT v.carried AND v.fate = 'rejected' ORDER BY ALL"
        ).fetchall()

    def clear(self) -> None:
        """Drop the temporary tables; `landed` stays in the snapshot."""
        names = ["verdict", "source_file", *(f"none_{name}" for name in DATASETS)]
        for name in names:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def _carried(self, dataset: Dataset) -> str:
        return f"previous.landed.{dataset.name}" if self._before else f"none_{dataset.name}"


def _columns(dataset: Dataset) -> str:
    return ", ".join(field.name for field in dataset.fields)


def _words(dataset: Dataset, carried: str, *, gives_way: bool) -> Mapping[str, str]:
    """What verdict.sql needs to know of a dataset."""
    names = [f"k{number}" for number in range(max(1, len(dataset.key)))]

    def key(alias: str, row: str) -> str:
        values = [f"{alias}.{column}" for column in dataset.key] or [row]
        return ", ".join(f"{value} AS {name}" for value, name in zip(values, names, strict=True))

    def part(alias: str) -> str:
        return f"coalesce({alias}.{dataset.part}::VARCHAR, '')" if dataset.part else "''"

    lacks = "".join(
        f" WHEN s.{column} IS NULL"
        + ("" if column in dataset.key else " AND lower(coalesce(s.Operation, '')) <> 'deleted'")
        + f" THEN 'it has no {column}'"
        for column in dataset.needs
    )
    return {
        "staged": f"landed.{dataset.name}",
        "key": key("s", "s.rowid"), "carried_key": key("p", "-1 - p.rowid"), "key_names": ", ".join(names),
        "part": part("s"), "carried_part": part("p"), "carried": carried,
        "carried_gives_way": "true" if gives_way else "false",
        "refusal": f"CASE WHEN s.ptenant <> getvariable('wall') THEN 'it belongs to another tenant, ' || s.ptenant{lacks} END",
    }  # fmt: skip
