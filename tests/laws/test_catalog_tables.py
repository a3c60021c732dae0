"""Laws of tables, over every export that answers with one: rows fit, again is the same, and a job's file is verified."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.laws.reports import Unwatched
from tests.laws.tenants import Practice, furnish
from waybill.export import Export, Facts, Family, Kind, Produced, Received, Table, schema_of
from waybill.exports import CATALOG
from waybill.jobs.produce import Means, produce
from waybill.jobs.service import Jobs
from waybill.words import translated

TABLES = tuple(export for export in CATALOG if export.family is Family.GRAPH_REPORT)
every_table = pytest.mark.parametrize("export", TABLES, ids=lambda export: str(export.name))


def table_of(export: Export, facts: Facts) -> Table:
    made = export.report(export.read(export.sample(facts)), facts)
    assert isinstance(made, Table)
    return made


def run(practice: Practice, export: Export, folder: Path) -> Produced:
    """The file of a job that asks for the export's sample, as the command line has it made."""
    guest = practice.guests[0]
    house = practice.house
    with practice.facts() as facts:
        received: Received = export.sample(facts)
    jobs = Jobs(house.control, house.settings, house.clock)
    job = jobs.submit(guest.tenant, export.name, received, str(folder), guest.snapshot)
    means = Means({export.name: export}, house.open_facts, translated, folder / "work", folder / "files")
    return produce(job, means, Unwatched())


@every_table
def test_a_table_is_well_formed(practice: Practice, export: Export) -> None:
    """Every column has a member, no two share a name or a member, and what is set apart is a column."""
    with practice.facts() as facts:
        table = table_of(export, facts)
        names = [column.name for column in table.columns]
        assert len(table.members) == len(names)
        for listed in (names, table.members):
            assert [name for name, count in Counter(listed).items() if count > 1] == []
        assert set(names) >= table.json_only | table.names | table.ids
        kinds = {column.name: column.kind for column in table.columns}
        assert {kinds[name] for name in table.names | table.ids} <= {Kind.TEXT}
        rows = 0
        for batch in table.rows():
            assert batch.schema.types == schema_of(table.columns).types
            rows += batch.num_rows
        assert rows


@every_table
def test_the_file_of_a_job_is_the_table(practice: Practice, tmp_path: Path, export: Export) -> None:
    """A job's file is a CSV of the table's columns and rows, with the size and SHA-256 that were recorded."""
    made = run(practice, export, tmp_path)
    data = Path(made.path).read_bytes()
    assert (made.size, made.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert made.path.endswith(".csv")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    with practice.facts() as facts:
        table = table_of(export, facts)
        kept = [column.name for column in table.columns if column.name not in table.json_only]
        rows = sum(batch.num_rows for batch in table.rows())
    assert (lines[0], len(lines) - 1, made.counts[0].rows) == (kept, rows, rows)
    assert {len(line) for line in lines} == {len(kept)}


@every_table
def test_again_is_the_same(practice: Practice, other: Practice, tmp_path: Path, export: Export) -> None:
    """Two jobs of one request, in one house and in two, have files of the same bytes."""
    files = [
        Path(run(house, export, tmp_path / str(number)).path).read_bytes()
        for number, house in enumerate((practice, practice, other))
    ]
    assert files[0] == files[1] == files[2]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """The first practice tenant once more, in a data folder of its own."""
    made = furnish(tmp_path_factory.mktemp("other") / "data", 1)
    yield made
    made.house.control.dispose()
