"""The answers of the report calls and their settings fit the contract's OpenAPI description (T27)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.graph_contract import Contract
from tests.clients.graph_reports_house import (
    CHANGE_SETTINGS,
    READ_SETTINGS,
    REPORT,
    ReportsHouse,
    running_reports,
)
from tests.semantics.activity_tenant import TODAY, small_tenant


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportsHouse]:
    """A server of reports."""
    with running_reports(tmp_path_factory.mktemp("contract"), small_tenant()) as house:
        house.begin(conceal=False)
        yield house


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_t27_reports_fit_the_contract(reports: ReportsHouse, shared: Path, version: str) -> None:
    """Redirect, 304, JSON page, refused period, refused token and throttle are answers the contract allows."""
    contract = Contract(shared, version)
    seen = set()
    period, day = f"{REPORT}(period='D7')", f"{REPORT}(date={TODAY.date().isoformat()})"
    first = reports.ask(f"/{version}{period}")
    calls = [
        (period, reports.ask(f"/{version}{period}", headers={"If-None-Match": first.headers["etag"]})),
        (day, reports.ask(f"/{version}{day}")),
        (f"{REPORT}(period='D8')", reports.ask(f"/{version}{REPORT}(period='D8')")),
        (f"{REPORT}(date=2001-01-01)", reports.ask(f"/{version}{REPORT}(date=2001-01-01)")),
        (period, reports.ask(f"/{version}{period}", token=None)),
        (period, reports.ask(f"/{version}{period}", token=reports.token(READ_SETTINGS))),
    ]
    if version == "beta":
        calls.append((period, reports.ask(f"/beta{period}?$format=application/json")))
        calls.append((period, reports.ask(f"/beta{period}?$format=application/json&$top=1")))
    spent = reports.token("Reports.Read.All", app=f"spent {version}")
    calls += [(period, reports.ask(f"/{version}{period}", token=spent)) for _ in range(15)]
    for path, answer in [(period, first), *calls]:
        contract.check("GET", path, answer)
        seen.add(answer.status)
    assert seen == {302, 304, 400, 401, 403, 429} | ({200} if version == "beta" else set())


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_t27_settings_fit_the_contract(reports: ReportsHouse, shared: Path, version: str) -> None:
    """Reading, changing and refusing to change the settings are answers the contract allows."""
    contract = Contract(shared, version)
    target, path = f"/{version}/admin/reportSettings", "/admin/reportSettings"
    change, read = reports.token(CHANGE_SETTINGS), reports.token(READ_SETTINGS)
    good, bad = {"displayConcealedNames": False}, {"displayConcealedNames": "no"}
    for method, token, body, status in (
        ("GET", read, None, 200),
        ("GET", reports.token("User.Read.All"), None, 403),
        ("PATCH", change, good, 204),
        ("PATCH", change, bad, 400),
        ("PATCH", read, good, 403),
        ("DELETE", change, None, 405),
    ):
        answer = reports.ask(target, method, token=token, body=body)
        assert answer.status == status, answer.body
        contract.check(method, path, answer)
