"""Laws of the walls: what belongs to another tenant answers exactly like what does not exist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import python_calamine
import sqlalchemy as sa

from tests.laws.reports import unpacked
from tests.laws.serving import Answer, Client, target_of
from tests.laws.tenants import GROUP_WIRE, SITE_WIRE, WORKBOOKS, Practice, sites_of
from waybill.export import Export, Facts, Received, Sql, Where
from waybill.jobs.table import number_table

MINE, THEIRS = 0, 1
NOBODYS_GUID = "0badcafe-0000-4000-8000-000000000bad"
NOBODYS_SITE = "https://contoso.sharepoint.com/sites/nobody-has-this-one"
HIGH_NUMBER = 5_000_000
NOBODYS_NUMBER = 9_999_999

every_export = pytest.mark.parametrize("export", WORKBOOKS, ids=lambda export: str(export.name))


@dataclass(frozen=True, slots=True)
class Foreign:
    """Ids of the other tenant that mine does not have, by wire name; and for each one nobody has."""

    theirs: Mapping[str, str]
    nobodys: Mapping[str, str]


@pytest.fixture(scope="module")
def foreign(practice: Practice) -> Foreign:
    with practice.facts(MINE) as mine, practice.facts(THEIRS) as theirs:
        group = min(groups_of(theirs) - groups_of(mine))
        site = min(set(sites_of(theirs)) - set(sites_of(mine)))
    return Foreign({GROUP_WIRE: group, SITE_WIRE: site}, {GROUP_WIRE: NOBODYS_GUID, SITE_WIRE: NOBODYS_SITE})


def groups_of(facts: Facts) -> set[str]:
    found = facts.table(
        Sql("SELECT entra_id FROM principal WHERE kind LIKE '%group' AND entra_id IS NOT NULL")
    )
    return {str(row[0]) for row in found}


def seen(answer: Answer, own: str) -> tuple[int, dict[str, str], str]:
    """An answer as its reader can tell it from another: without the time, its ids, and the text he sent himself."""
    text = re.sub(r'"traceId":"[^"]*"', '"traceId":""', answer.body.decode())
    headers = {k: v for k, v in answer.headers.items() if k not in ("date", "request-id", "content-length")}
    return answer.status, headers, text.replace(own, "OWN")


@pytest.fixture(scope="module")
def their_job(practice: Practice, clients: tuple[Client, Client]) -> int:
    """A finished job of the other tenant with a number that mine never reaches: numbers are counted per tenant."""
    with practice.facts(THEIRS) as facts:
        sample = WORKBOOKS[0].sample(facts)
    clients[THEIRS].wait(clients[THEIRS].start(WORKBOOKS[0], sample))
    theirs = practice.guests[THEIRS].tenant
    with practice.house.control.begin() as connection:
        connection.execute(
            sa.update(number_table).where(number_table.c.tenant == theirs).values(last=HIGH_NUMBER)
        )
    number = clients[THEIRS].start(WORKBOOKS[0], sample)
    clients[THEIRS].wait(number)
    return number


@pytest.mark.parametrize("call", ["exportstatus", "exportfile"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_another_tenants_job_is_no_job(
    clients: tuple[Client, Client], their_job: int, call: str, method: str
) -> None:
    """Status and file of another tenant's job answer like those of a number nobody has."""
    assert clients[THEIRS].get(f"/insights/job/{their_job}/{call}", method).status == 200
    strange, unknown = (
        clients[MINE].get(f"/insights/job/{one}/{call}", method) for one in (their_job, NOBODYS_NUMBER)
    )
    assert strange.status == 404
    assert seen(strange, str(their_job)) == seen(unknown, str(NOBODYS_NUMBER))


@every_export
def test_another_tenants_ids_are_unknown(
    practice: Practice, clients: tuple[Client, Client], foreign: Foreign, export: Export
) -> None:
    """An export asked for another tenant's group or site answers like one asked for an id nobody has."""
    with practice.facts(MINE) as facts:
        sample = export.sample(facts)
    with practice.facts(THEIRS) as facts:
        theirs = export.sample(facts)
    for wire in ids_of(export):
        known = clients[THEIRS].get(target_of(export, {**theirs, wire: (foreign.theirs[wire],)}))
        assert known.status == 200, known.body
        strange, unknown = (
            clients[MINE].get(target_of(export, {**sample, wire: (ids[wire],)}))
            for ids in (foreign.theirs, foreign.nobodys)
        )
        assert strange.status in (400, 404), wire
        assert seen(strange, foreign.theirs[wire]) == seen(unknown, foreign.nobodys[wire])


def ids_of(export: Export) -> list[str]:
    """The fields of an export that name things of a tenant. A field in the path always does."""
    named = [field.wire for field in export.fields if field.wire in (GROUP_WIRE, SITE_WIRE)]
    assert {field.wire for field in export.fields if field.where is Where.PATH} <= set(named), (
        "teach this law the id"
    )
    return named


@every_export
def test_another_tenants_site_tells_nothing_in_a_report(
    practice: Practice,
    clients: tuple[Client, Client],
    foreign: Foreign,
    export: Export,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A report over an own and another tenant's site holds, cell for cell, what it would with a site nobody has."""
    if SITE_WIRE not in ids_of(export):
        pytest.skip("takes no sites")
    with practice.facts(MINE) as facts:
        sample, own = export.sample(facts), sites_of(facts)[0]
    sheets = []
    for ids in (foreign.theirs, foreign.nobodys):
        received: Received = {**sample, SITE_WIRE: (own, ids[SITE_WIRE])}
        number = clients[MINE].start(export, received)
        assert clients[MINE].wait(number)["jobStatus"] == 4
        package = tmp_path_factory.mktemp("walls") / "package.zip"
        package.write_bytes(clients[MINE].file(number).body)
        sheets.append(cells_of(unpacked(package, package.with_suffix(".xlsx")), ids[SITE_WIRE]))
    assert sheets[0] == sheets[1]
    assert any("OWN" in str(cell) for rows in sheets[0].values() for row in rows for cell in row)


def cells_of(workbook: Path, own: str) -> dict[str, list[list[str]]]:
    """Every cell as text, without the URL that was sent."""
    book = python_calamine.load_workbook(workbook)
    return {
        name: [
            [str(cell).replace(own, "OWN") for cell in row]
            for row in book.get_sheet_by_name(name).to_python()
        ]
        for name in book.sheet_names
    }


@every_export
def test_a_token_opens_one_tenant(practice: Practice, clients: tuple[Client, Client], export: Export) -> None:
    """Whoever asks, an export runs in the tenant of the token: the job is there for it alone."""
    with practice.facts(THEIRS) as facts:
        number = clients[THEIRS].start(export, export.sample(facts))
    assert (
        practice.house.jobs.get(practice.guests[THEIRS].tenant, number).tenant
        == practice.guests[THEIRS].tenant
    )
