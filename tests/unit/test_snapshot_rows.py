"""Numbered rows of a snapshot come in the order of their numbers, however the engine hands them over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from waybill.export import Column, Kind, Sql
from waybill.tenant.build import SnapshotBuilder, SnapshotMeta
from waybill.tenant.snapshot import POSITION, Snapshot, open_snapshot

AS_OF = datetime(2026, 6, 1)  # noqa: DTZ001 - snapshots hold UTC without zone
ROWS = 300_000
COLUMNS = (Column("n", Kind.INT), Column("text"))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.duckdb"
    builder = SnapshotBuilder(path, memory_mb=256)
    meta = SnapshotMeta(
        "00000000-0000-4000-8000-000000000001",
        "contoso",
        AS_OF,
        "rows",
    )
    builder.finish(meta)
    return path


@pytest.fixture(scope="module")
def facts(snapshot: Path) -> Iterator[Snapshot]:
    with open_snapshot(snapshot, "rows", spill=snapshot.with_suffix(".spill"), memory_mb=64) as opened:
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


# Lists that take more memory than a job begins with, and less than twice that; one comes after 200,000 other rows.
WIDE = """SELECT i, 'short' FROM range(200000) t(i)
UNION ALL SELECT 200000, len(list(i))::VARCHAR FROM range(6000000) t(i)"""
HELD = "CREATE TEMP TABLE held AS SELECT list(i) AS numbers FROM range(6000000) t(i)"


@pytest.fixture
def opened(snapshot: Path, tmp_path: Path) -> Iterator[Callable[[int], Snapshot]]:
    """The same snapshot, opened anew for a job that may have so many MB."""
    with ExitStack() as stack:
        yield lambda most: stack.enter_context(
            open_snapshot(snapshot, "rows", spill=tmp_path / "spill", memory_mb=most)
        )


@pytest.mark.parametrize("numbered", [False, True])
def test_rows_go_on_with_more_memory(opened: Callable[[int], Snapshot], numbered: bool) -> None:
    """A query that lacks memory in the middle of its rows goes on with more of it: no row is lost or told twice."""
    query = f"SELECT i AS {POSITION}, * FROM ({WIDE})" if numbered else WIDE
    texts = pulled(opened(512), query).to_pydict()
    assert texts == {"n": list(range(200_001)), "text": ["short"] * 200_000 + ["6000000"]}


def test_what_is_staged_gets_more_memory(opened: Callable[[int], Snapshot]) -> None:
    """A table that does not fit the memory a job begins with is made with more of it."""
    facts = opened(512)
    facts.stage(Sql(HELD))
    assert facts.table(Sql("SELECT len(numbers) FROM held")) == [(6_000_000,)]


def test_a_job_has_no_more_memory_than_its_limit(opened: Callable[[int], Snapshot]) -> None:
    """A query that cannot do with the whole memory of its job says that it lacks memory."""
    facts = opened(128)
    with pytest.raises(MemoryError):
        pulled(facts, WIDE)
    with pytest.raises(duckdb.OutOfMemoryException):
        facts.stage(Sql(HELD))
