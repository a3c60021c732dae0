"""`/admin/reportSettings`, and what it does to reports (graph.md 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.clients.graph_reports_house import (
    BETA_D7,
    CHANGE_SETTINGS,
    D7,
    EMPTY_TENANT,
    READ_SETTINGS,
    REPORTS,
    SETTINGS,
    ReportsHouse,
    running_reports,
)
from tests.semantics.activity_by_hand import GROUP_ID, NAME, OWNER, RawFacts, read_csv, report_lines
from tests.semantics.activity_tenant import TENANT_ID, UNTIL, small_tenant
from waybill import audit

MASK = re.compile(r"[0-9A-F]{32}")
ZEROS = "00000000-0000-0000-0000-000000000000"
SHOWN, HIDDEN = {"displayConcealedNames": False}, {"displayConcealedNames": True}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportsHouse]:
    with running_reports(tmp_path_factory.mktemp("settings"), small_tenant()) as house:
        yield house


@pytest.fixture
def house(running: ReportsHouse) -> ReportsHouse:
    """The server of this file, with names concealed and nobody throttled."""
    running.begin(conceal=True)
    return running


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_t24_the_setting_is_read_and_changed(house: ReportsHouse, version: str) -> None:
    """True by default; PATCH answers 204 without a body, and the change is read back under both versions."""
    target = f"/{version}/admin/reportSettings"
    token = house.token(CHANGE_SETTINGS)
    before = house.ask(target, token=token)
    context = f"{house.url}/{version}/$metadata#admin/reportSettings/$entity"
    assert (before.status, before.json) == (200, {"@odata.context": context, "displayConcealedNames": True})
    done = house.ask(target, "PATCH", token=token, body={"@odata.type": "#x", "displayConcealedNames": False})
    assert (done.status, done.body) == (204, b"")
    for either in ("/v1.0/admin/reportSettings", "/beta/Admin/ReportSettings"):
        assert house.ask(either, token=house.token(READ_SETTINGS)).json["displayConcealedNames"] is False
    lines = [one for one in audit.entries(house.control, TENANT_ID) if one.action == "reportsettings.change"]
    assert lines[0].detail == {"displayConcealedNames": False}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayConcealedNames": "true"},
        {"displayConcealedNames": None},
        {"displayConcealedNames": 1},
        [True],
        "{",
        "",
    ],
)
def test_t24_what_is_no_boolean_is_refused(house: ReportsHouse, body: object) -> None:
    """A missing or other value is 400 BadRequest and changes nothing."""
    token = house.token(CHANGE_SETTINGS)
    refused = house.ask(SETTINGS, "PATCH", token=token, body=body)
    assert (refused.status, refused.json["error"]["code"]) == (400, "BadRequest")
    assert house.ask(SETTINGS, token=token).json["displayConcealedNames"] is True


def test_t24_another_media_type_is_refused(house: ReportsHouse) -> None:
    """The body is JSON and says so."""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        refused = house.ask(
            SETTINGS, "PATCH", token=house.token(CHANGE_SETTINGS), body=SHOWN, headers={"Content-Type": kind}
        )
        assert refused.status == 415


def test_t24_who_may_not_change_it(house: ReportsHouse) -> None:
    """Reading needs a read permission, changing the write one, and people the role: else 403."""
    read, change = house.token(READ_SETTINGS), house.token(CHANGE_SETTINGS)
    assert house.ask(SETTINGS, token=read).status == 200
    for token in (read, house.token(REPORTS), house.person(CHANGE_SETTINGS, "Reports Reader")):
        refused = house.ask(SETTINGS, "PATCH", token=token, body=SHOWN)
        assert (refused.status, refused.json["error"]["code"]) == (403, "S2SUnauthorized")
    assert house.ask(SETTINGS, token=house.token(REPORTS)).status == 403
    assert house.ask(SETTINGS, token=house.person(READ_SETTINGS)).status == 403
    assert house.ask(SETTINGS, token=house.person(READ_SETTINGS, "Reports Reader")).status == 200
    assert house.ask(SETTINGS, token=change).json["displayConcealedNames"] is True
    changed = house.ask(
        SETTINGS, "PATCH", token=house.person(CHANGE_SETTINGS, "Global Administrator"), body=SHOWN
    )
    assert changed.status == 204


@pytest.mark.parametrize("method", ["DELETE", "POST", "PUT"])
def test_other_methods_are_not_allowed(house: ReportsHouse, method: str) -> None:
    """The generated clients offer DELETE; nobody can delete a setting."""
    answer = house.ask(SETTINGS, method, token=house.token(CHANGE_SETTINGS), body=SHOWN)
    assert answer.status == 405
    assert "PATCH" in answer.headers["allow"]


def test_a_setting_is_of_one_tenant(house: ReportsHouse) -> None:
    """A change in one tenant is not seen in another."""
    house.ask(SETTINGS, "PATCH", token=house.token(CHANGE_SETTINGS), body=SHOWN)
    other = house.ask(SETTINGS, token=house.token(READ_SETTINGS, tenant=EMPTY_TENANT))
    assert other.json["displayConcealedNames"] is True


def test_t22_concealment_masks_names_and_ids_only(house: ReportsHouse) -> None:
    """Names are 32 hex digits, ids zeros, all else as plain Python computes it; a change of mind shows the names."""
    facts = RawFacts(next(house.settings.snapshots_path.glob("*/*.duckdb")))
    named = report_lines(facts, UNTIL, 7)
    concealed = read_csv(house.fetch().body)
    for line in concealed:
        assert MASK.fullmatch(line[NAME] or "0" * 32)
        assert MASK.fullmatch(line[OWNER] or "0" * 32)
        assert line[GROUP_ID] == ZEROS

    def others(lines: list[list[str]]) -> list[list[str]]:
        return sorted(
            [cell for n, cell in enumerate(line) if n not in (NAME, OWNER, GROUP_ID)] for line in lines
        )

    assert others(concealed) == others(named)
    shown = house.ask(f"{BETA_D7}?$format=application/json").json["value"]
    assert [row["groupDisplayName"] or "" for row in shown] == [line[NAME] for line in concealed]
    house.ask(SETTINGS, "PATCH", token=house.token(CHANGE_SETTINGS), body=SHOWN)
    assert read_csv(house.fetch().body) == named
    house.ask(SETTINGS, "PATCH", token=house.token(CHANGE_SETTINGS), body=HIDDEN)
    assert read_csv(house.fetch(D7).body) == concealed
