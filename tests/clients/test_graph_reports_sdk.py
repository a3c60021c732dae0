"""Microsoft's own Graph clients, unmodified, read the report and its settings (graph.md 9)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.clients.graph_reports_house import CHANGE_SETTINGS, D7, REPORTS, ReportsHouse, running_reports
from tests.clients.graph_sdk import ODataError, RequestConfiguration, beta_client, run, stable_client
from tests.node_parts import require_package
from tests.semantics.activity_by_hand import read_csv
from tests.semantics.activity_tenant import UNTIL, small_tenant
from waybill.clock import SYSTEM_CLOCK
from waybill.identity.local_ca import open_tls, server_names

# A library of the clients warns of itself when their generated code is imported.
pytestmark = pytest.mark.filterwarnings(
    "ignore:(GetQueryParameters|This class) is deprecated:DeprecationWarning"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportsHouse]:
    with running_reports(tmp_path_factory.mktemp("clients"), small_tenant()) as house:
        yield house


@pytest.fixture
def house(running: ReportsHouse) -> ReportsHouse:
    """The server of this file, with names shown and nobody throttled."""
    running.begin(conceal=False)
    return running


def test_the_v1_client_gets_bytes(house: ReportsHouse) -> None:
    """msgraph-sdk follows the redirect to the CSV; with the current ETag it gets None, not an exception."""
    etag = house.ask(D7).headers["etag"]

    async def ask() -> tuple[Any, Any]:
        reports = stable_client(house.url, house.token(REPORTS)).reports
        call = reports.get_office365_groups_activity_detail_with_period("D7")
        asked: RequestConfiguration[Any] = RequestConfiguration()
        asked.headers.add("If-None-Match", etag)
        return await call.get(), await call.get(asked)

    content, unchanged = run(ask())
    assert len(read_csv(content)) > 5
    assert unchanged is None


def test_the_v1_client_asks_for_a_date(house: ReportsHouse) -> None:
    """The other overload of the function."""

    async def ask() -> Any:
        reports = stable_client(house.url, house.token(REPORTS)).reports
        return await reports.get_office365_groups_activity_detail_with_date(UNTIL).get()

    assert [line[-1] for line in read_csv(run(ask()))] == ["1"]


def test_t20_the_beta_client_gets_objects(house: ReportsHouse) -> None:
    """msgraph-beta-sdk knows no $format: by its Accept it gets typed objects, and follows the links."""

    async def ask() -> list[Any]:
        reports = beta_client(house.url, house.token(REPORTS)).reports
        call: Any = reports.get_office365_groups_activity_detail_with_period("D7")
        options = call.GetOffice365GroupsActivityDetailWithPeriodRequestBuilderGetQueryParameters(top=4)
        page = await call.get(RequestConfiguration(query_parameters=options))
        rows = list(page.value)
        while page.odata_next_link:
            page = await call.with_url(page.odata_next_link).get()
            rows += page.value
        return rows

    rows = run(ask())
    lines = read_csv(house.fetch().body)
    assert [row.group_display_name or "" for row in rows] == [line[1] for line in lines]
    busy = next(row for row in rows if row.group_display_name == "A busy")
    assert busy.report_refresh_date == UNTIL
    assert (busy.is_deleted, busy.exchange_received_email_count, busy.report_period) == (False, 6, "7")
    assert busy.exchange_mailbox_storage_used_in_bytes == 3_000_000_000
    assert isinstance(busy.last_activity_date, date)
    assert {type(row.member_count) for row in rows} == {int}


def test_errors_arrive_as_odata_errors(house: ReportsHouse) -> None:
    """Code, message and request ids of a refusal are in the client's own exception."""

    async def ask() -> None:
        reports = stable_client(house.url, house.token(REPORTS)).reports
        await reports.get_office365_groups_activity_detail_with_period("D8").get()

    with pytest.raises(ODataError) as raised:
        run(ask())
    error = raised.value
    assert error.response_status_code == 400
    assert error.error is not None
    assert error.error.code == "InvalidArgument"
    assert error.error.inner_error is not None
    assert error.error.inner_error.request_id
    assert error.error.inner_error.client_request_id


@pytest.mark.parametrize("client", [stable_client, beta_client], ids=["v1.0", "beta"])
def test_t24_the_clients_change_the_setting(house: ReportsHouse, client: Any) -> None:
    """Both typed clients read the setting and change it; 204 is None to them."""

    async def ask() -> tuple[bool, Any, bool]:
        settings = client(house.url, house.token(CHANGE_SETTINGS)).admin.report_settings
        model = await settings.get()
        before = model.display_concealed_names
        model.display_concealed_names = True
        done = await settings.patch(model)
        return before, done, (await settings.get()).display_concealed_names

    assert run(ask()) == (False, None, True)


_SCRIPT = """
const { Client, ResponseType } = require("@microsoft/microsoft-graph-client");
const given = JSON.parse(process.argv[2]);
const client = Client.init({
  baseUrl: given.url, customHosts: new Set([given.host]),
  authProvider: (done) => done(null, given.token),
});
const path = "/reports/getOffice365GroupsActivityDetail(period='D7')";
(async () => {
  const text = await client.api(path).version("v1.0").responseType(ResponseType.TEXT).get();
  const bytes = await client.api(path).version("v1.0").responseType(ResponseType.ARRAYBUFFER).get();
  const page = await client.api(path).version("beta").query({ "$format": "application/json" }).top(3).get();
  const rest = await client.api(page["@odata.nextLink"]).get();
  let refused = {};
  try { await client.api(path.replace("D7", "D8")).version("v1.0").get(); }
  catch (error) { refused = { code: error.code, status: error.statusCode, id: error.requestId }; }
  console.log(JSON.stringify({
    text, bytes: Buffer.from(bytes).toString("base64"), first: page.value.length, rest: rest.value.length, refused,
  }));
})().catch((error) => { console.error(error); process.exit(1); });
"""


def test_t21_the_javascript_client_over_tls(tmp_path: Path) -> None:
    """@microsoft/microsoft-graph-client reads CSV as text and bytes, JSON pages, and errors with their ids."""
    node, package = require_package("@microsoft/microsoft-graph-client")
    files = open_tls(tmp_path / "tls", server_names("127.0.0.1", ""), SYSTEM_CLOCK)
    with running_reports(tmp_path / "data", small_tenant(), (files.certificate, files.key)) as house:
        host = f"localhost:{house.listening.port}"
        given = {"url": f"https://{host}", "host": "localhost", "token": house.token(REPORTS)}
        script = tmp_path / "report.cjs"
        script.write_text(_SCRIPT)
        done = subprocess.run(
            [node, script, json.dumps(given)],
            env={
                **os.environ,
                "NODE_PATH": str(package.parents[1]),
                "NODE_EXTRA_CA_CERTS": str(files.authority),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["text"].lstrip("\ufeff").startswith("Report Refresh Date,")
    assert told["first"] == 3
    assert told["rest"] == 3
    assert told["refused"]["code"] == "InvalidArgument"
    assert told["refused"]["status"] == 400
    assert told["refused"]["id"]
