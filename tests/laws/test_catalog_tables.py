"""Laws of tables, over every export that answers with one: rows fit, again is the same, and a job's file is verified."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from pathlib import Path

import pytest

from tests.laws.reports import Unwatched
from tests.laws.tenants import Practice
from waybill.errors import DataProblem
from waybill.export import Export, Facts, Family, Kind, Table, schema_of
from waybill.exports import CATALOG
from waybill.jobs.prepared import PreparedFile
from waybill.jobs.produce import Means, produce
from waybill.jobs.service import Jobs
from waybill.words import translated

TABLES = tuple(export for export in CATALOG if export.family is Family.GRAPH_REPORT)
every_table = pytest.mark.parametrize("export", TABLES, ids=lambda export: str(export.name))


def table_of(export: Export, facts: Facts) -> Table:
    made = export.report(export.read(export.sample(facts)), facts)
    assert isinstance(made, Table)
    return made


def prepared(practice: Practice, export: Export) -> PreparedFile:
    """The file that answers the export's sample, with its names: the key that conceals them is each house's own."""
    with practice.facts() as facts:
        received = export.sample(facts)
        return practice.house.prepared.csv(practice.guests[0].tenant, export, received, facts, conceal=False)


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
def test_the_file_is_the_table(practice: Practice, export: Export) -> None:
    """The file is a CSV of the table's columns and rows, with the size and SHA-256 that were told."""
    made = prepared(practice, export)
    data = made.path.read_bytes()
    assert (made.size, made.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    with practice.facts() as facts:
        table = table_of(export, facts)
        kept = [column.name for column in table.columns if column.name not in table.json_only]
        rows = sum(batch.num_rows for batch in table.rows())
    assert (lines[0], len(lines) - 1) == (kept, rows)
    assert {len(line) for line in lines} == {len(kept)}


@every_table
def test_again_is_the_same(practice: Practice, other_house: Practice, export: Export) -> None:
    """One request, asked twice in one house and once in another, is answered with the same bytes."""
    files = [prepared(house, export).path.read_bytes() for house in (practice, practice, other_house)]
    assert files[0] == files[1] == files[2]


@every_table
def test_no_job_makes_a_table(practice: Practice, tmp_path: Path, export: Export) -> None:
    """A table is made while the caller waits; a job that is asked for one fails in words."""
    guest, house = practice.guests[0], practice.house
    with practice.facts() as facts:
        received = export.sample(facts)
    job = Jobs(house.control, house.settings, house.clock).submit(
        guest.tenant, export.name, received, "laws", guest.snapshot
    )
    means = Means({export.name: export}, house.open_facts, translated, tmp_path / "work", tmp_path / "files")
    with pytest.raises(DataProblem, match="not made by a job"):
        produce(job, means, Unwatched())
