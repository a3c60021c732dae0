"""CSV: the same rows as in the XLSX case, plain and gzipped, safe against formulas in spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import work
from benchmarks.model import Answer, Contender, Given, Plan, Role, Target
from benchmarks.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

TITLE = "CSV of the same rows"


def plan(place: Place, _stack: ExitStack) -> Plan:
    rows = 200_000 if place.quick else 1_000_000
    source = str(place.child_once(f"rows-{rows}.parquet", "xlsx", rows=rows))

    def one(name: str, title: str, role: Role, ending: str = "csv", rounds: int = 0) -> Contender:
        return Contender(
            name, title, role, {"source": source, "out": str(place.scratch / f"{name}.{ending}")}, rounds
        )

    slow = () if place.quick else (one("pandas", "pandas", Role.PEER, rounds=1),)
    return Plan(
        contenders=(
            one("waybill", "Waybill, formula-safe", Role.OURS),
            one("duckdb", "DuckDB COPY", Role.LIMIT),
            one("waybill-gzip", "Waybill, formula-safe, gzip", Role.OURS, "csv.gz"),
            one("duckdb-gzip", "DuckDB COPY, gzip", Role.PEER, "csv.gz", rounds=3),
            *slow,
        ),
        targets=(
            Target(
                "at most 1.0 x the CPU of DuckDB COPY, formula-safe",
                "waybill",
                "cpu",
                ("duckdb",),
                at_most=1.0,
            ),
            Target("gzipped at most 1.4 x", "waybill-gzip", "cpu", ("duckdb",), at_most=1.4),
        ),
        facts=(f"{rows:,} rows x 15 columns, read from Parquet", "whole process, imports included"),
    )


def contend(name: str, given: Given) -> Answer:
    with work() as done:
        {"duckdb": _duckdb, "duckdb-gzip": _duckdb, "pandas": _pandas}.get(name, _waybill)(given)
    return Answer(0, "", done.wall, done.cpu, {"file_mb": Path(str(given["out"])).stat().st_size / 1e6})


def check(_name: str, given: Given) -> Answer:
    """Reads the file back; a guard in front of a text would show, since no text of these rows needs one."""
    import duckdb

    from benchmarks.rows import NAMES, TYPES, checksum_of

    out = Path(str(given["out"]))
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in zip(NAMES, TYPES, strict=True)) + "}"
    quoted = str(out).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW rows AS FROM read_csv('{quoted}', header=true, columns={columns})")
        count, total = connection.execute(checksum_of()).fetchall()[0]
    out.unlink()
    return Answer(int(count), f"{int(total):016x}")


def _connection() -> Any:
    import duckdb

    return duckdb.connect(config={"threads": 1})


def _waybill(given: Given) -> None:
    from benchmarks.rows import NAMES, TEXTS, source
    from waybill.export import Column, Kind, Table
    from waybill.files.table_csv import write_csv

    kinds = [Kind.TEXT] * TEXTS + [Kind.INT, Kind.INT, Kind.DATE, Kind.TIME]
    columns = tuple(Column(title, kind) for title, kind in zip(NAMES, kinds, strict=True))

    def batches() -> Iterator[pa.RecordBatch]:
        yield from _connection().sql(f"FROM {source(str(given['source']))}").to_arrow_reader(10_240)

    table = Table("row", columns, tuple(NAMES), batches)
    out = Path(str(given["out"]))
    if out.suffix == ".gz":
        from isal import igzip

        with igzip.open(out, "wb", compresslevel=1) as packed:  # type: ignore[no-untyped-call]  # isal has no types
            write_csv(packed, table, guard_formulas=True)
        return
    with out.open("wb") as file:
        write_csv(file, table, guard_formulas=True)


def _duckdb(given: Given) -> None:
    from benchmarks.rows import source

    out = str(given["out"]).replace("'", "''")
    packing = "gzip" if out.endswith(".gz") else "uncompressed"
    _connection().execute(
        f"COPY (FROM {source(str(given['source']))}) TO '{out}' (HEADER, COMPRESSION {packing})"
    )


def _pandas(given: Given) -> None:
    from benchmarks.rows import source

    reader = _connection().sql(f"FROM {source(str(given['source']))}").to_arrow_reader(50_000)
    reader.read_pandas().to_csv(str(given["out"]), index=False)
