"""Numbered rows of a snapshot come in the order of their numbers, however the engine hands them over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pytest

from waybill.export import Column, Kind, Sql
from waybill.tenant.build import SnapshotBuilder, SnapshotMeta
from waybill.tenant.snapshot import Snapshot, open_snapshot

AS_OF = datetime(2026, 6, 1)  # noqa: DTZ001 - snapshots hold UTC without zone
ROWS = 300_000
COLUMNS = (Column("n", Kind.INT), Column("text"))


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    folder = tmp_path_factory.mktemp("rows")
    path = folder / "rows.duckdb"
    builder = SnapshotBuilder(path, memory_mb=256)
    meta = SnapshotMeta(
        "00000000-0000-4000-8000-000000000001",
        "contoso",
        AS_OF,
        "rows",
    )
    builder.finish(meta)
    with open_snapshot(path, "rows", spill=folder / "spill", memory_mb=64) as opened:
        opened.stage(
            Sql(
                "CREATE TEMP TABLE line AS SELECT i AS position, (i * 7919) % $rows AS key FROM range($rows) t(i)"
            ),
            rows=ROWS,
        )
        opened.stage(
            Sql("CREATE TEMP TABLE name AS SELECT i AS key, 'name ' || i AS text FROM range($rows) t(i)"),
            rows=ROWS,
        )
        yield opened


def pulled(facts: Snapshot, query: str, **parameters: int) -> pa.Table:
    return pa.Table.from_batches(list(facts.rows(Sql(query), COLUMNS, **parameters)))


def expected(first: int, until: int) -> dict[str, list[object]]:
    keys = [i * 7919 % ROWS for i in range(first, until)]
    return {"n": list(range(first, until)), "text": [f"name {key}" for key in keys]}


JOINED = "SELECT l.position, l.position, n.text FROM line l JOIN name n ON n.key = l.key"


def test_joined_rows_keep_their_order(facts: Snapshot) -> None:
    """Rows fetched through a join whose tables do not fit the memory come in the order of their numbers."""
    assert pulled(facts, JOINED).to_pydict() == expected(0, ROWS)


def test_slices_begin_at_their_first_number(facts: Snapshot) -> None:
    """A slice begins at $first and goes on without a gap."""
    query = JOINED + " WHERE l.position >= $first AND l.position < $until"
    assert pulled(facts, query, first=100_000, until=125_000).to_pydict() == expected(100_000, 125_000)


def test_rows_out_of_order_are_put_in_order(facts: Snapshot) -> None:
    """Rows handed over in quite another order come in the order of their numbers all the same."""
    query = "SELECT l.position, l.position, n.text FROM line l JOIN name n ON n.key = l.key ORDER BY l.position DESC"
    assert pulled(facts, query).to_pydict() == expected(0, ROWS)


def test_queries_without_numbers_are_left_alone(facts: Snapshot) -> None:
    """A query that sorts its own rows keeps its order, and all of its columns."""
    found = pulled(facts, "SELECT key, text FROM name WHERE key < 1000 ORDER BY key DESC")
    assert found.column("n").to_pylist() == list(range(999, -1, -1))
