"""Laws about what every export declares: its columns, its fields, its place in OpenAPI and on the command line."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.laws import sixth_export
from tests.laws.commands import command_options
from tests.laws.reports import Press
from tests.laws.serving import Server, ask
from tests.laws.tenants import LAW_CATALOG, WORKBOOKS, Practice
from waybill.cli.main import cli
from waybill.errors import BadRequest
from waybill.export import Export, Family, Where, schema_of
from waybill.exports import CATALOG

EVERY = (*CATALOG, sixth_export.EXPORT)
every_export = pytest.mark.parametrize("export", LAW_CATALOG, ids=lambda export: str(export.name))
of_any_family = pytest.mark.parametrize("export", EVERY, ids=lambda export: str(export.name))


@every_export
def test_rows_fit_their_columns(press: Press, export: Export) -> None:
    """Every batch of every sheet has exactly the columns the sheet declares, by order and type."""
    made = press.wide(export)
    for sheet, batches in zip(made.sheets, made.rows, strict=True):
        for batch in batches:
            assert batch.schema.types == schema_of(sheet.columns).types, sheet.name
    assert sum(batch.num_rows for batches in made.rows[:-2] for batch in batches)


@every_export
def test_sheet_and_column_names_are_unique(press: Press, export: Export) -> None:
    """No two sheets of a report, and no two columns of a sheet, have one name, in any letter case."""
    sheets = press.wide(export).sheets
    assert repeated([sheet.name for sheet in sheets]) == []
    for sheet in sheets:
        assert repeated([column.name for column in sheet.columns]) == [], sheet.name


def repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(name.casefold() for name in names).items() if count > 1]


@of_any_family
def test_the_sample_is_admitted(practice: Practice, export: Export) -> None:
    """An export's sample is a request that the export itself reads and admits, on every tenant."""
    for guest in range(len(practice.guests)):
        with practice.facts(guest) as facts:
            export.admit(export.read(export.sample(facts)), facts)


@of_any_family
def test_a_required_field_is_missed_by_name(practice: Practice, export: Export) -> None:
    """Each required field is asked for by its wire name when it is missing."""
    with practice.facts() as facts:
        sample = dict(export.sample(facts))
    for field in export.fields:
        if field.required:
            with pytest.raises(BadRequest) as refused:
                export.read({name: values for name, values in sample.items() if name != field.wire})
            assert refused.value.field == field.wire


def test_names_are_unique_over_the_catalog() -> None:
    """No two exports share a name, a path or a file name; no two fields of an export a wire name or an option."""
    for part in ("name", "path", "file_stem"):
        assert repeated([getattr(export, part) for export in EVERY]) == [], part
    for export in EVERY:
        assert repeated([field.wire for field in export.fields]) == [], export.name
        assert repeated([field.option for field in export.fields]) == [], export.name
        in_path = [field.wire for field in export.fields if field.where is Where.PATH]
        assert [name for name in in_path if "{" + name + "}" not in export.path] == []


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    """The OpenAPI document of the running server."""
    found: dict[str, Any] = ask(server.url, "/openapi.json").json
    return found


@pytest.mark.parametrize("export", WORKBOOKS, ids=lambda export: str(export.name))
def test_openapi_tells_of_every_export(document: dict[str, Any], export: Export) -> None:
    """OpenAPI shows each export at its path, with its words, its scope and every field that is not hidden."""
    assert described(document, export) == []


def described(document: dict[str, Any], export: Export) -> list[str]:
    """What OpenAPI lacks of an export."""
    told = document["paths"].get(export.path, {}).get("get")
    if told is None:
        return [export.path]
    parameters = {one["name"]: one for one in told["parameters"]}
    lacking = [field.wire for field in export.fields if not field.hidden and field.wire not in parameters]
    lacking += [name for name in parameters if name not in {field.wire for field in export.fields}]
    if told["summary"] != export.title or export.description not in told["description"]:
        lacking.append("title or description")
    if [export.scope] not in [next(iter(one.values())) for one in told["security"]]:
        lacking.append("scope")
    return lacking


@pytest.mark.parametrize("export", CATALOG, ids=lambda export: str(export.name))
def test_the_command_line_has_every_export(export: Export) -> None:
    """`waybill export` has a command for each export, with an option for each field."""
    options = command_options(cli, export.name)
    assert [field.option for field in export.fields if f"--{field.option}" not in options] == []


@of_any_family
def test_a_graph_call_says_who_may_make_it(export: Export) -> None:
    """A call of the Graph families names its versions and its roles and scopes; an operation also its subject."""
    graph = export.family is not Family.INSIGHTS
    assert (export.access is not None, set(export.versions) != set()) == (graph, graph)
    assert set(export.versions) <= {"v1.0", "beta"}
    assert (export.subject is not None) is (export.family is Family.GRAPH_OPERATION)
    if export.access is not None:
        assert export.access.app_roles
        assert export.access.scopes
