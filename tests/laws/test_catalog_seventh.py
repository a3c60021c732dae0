"""The law of the seventh export: a Graph report or a person's export is one module and one line; the house does the rest."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.azurite import Azurite
from tests.azurite import azurite as azurite
from tests.laws import seventh_bundle, seventh_table
from tests.laws.commands import command_options
from tests.laws.serving import Answer, ask, graph_target_of, graph_token, served_here, wait_until
from tests.laws.tenants import Practice
from waybill.app import House, open_house
from waybill.cli import export_commands
from waybill.export import Export, Received
from waybill.exports import CATALOG
from waybill.identity.apps import AppCredentials
from waybill.identity.directory_roles import GRAPH_APP_ROLES, GRAPH_SCOPES
from waybill.settings import Settings

TABLE, BUNDLE = seventh_table.EXPORT, seventh_bundle.EXPORT
SEVENTH = (TABLE, BUNDLE)
CONCEALED_ID = "00000000-0000-0000-0000-000000000000"
each = pytest.mark.parametrize("export", SEVENTH, ids=lambda export: str(export.name))


@dataclass(frozen=True)
class Served:
    """A house with two more exports, jobs and all; an application that may use them, and one that may not."""

    house: House
    tenant: str
    url: str
    app: AppCredentials = field(repr=False)
    other: AppCredentials = field(repr=False)

    @cached_property
    def token(self) -> str:
        return graph_token(self.url, self.tenant, self.app.client_id, self.app.client_secret)

    def ask(self, target: str, **more: Any) -> Answer:
        return ask(self.url, target, headers={"Authorization": f"Bearer {self.token}"}, **more)

    def sample(self, export: Export) -> Received:
        with self.house.open_latest(self.tenant) as facts:
            return export.sample(facts)

    def command(self, *arguments: str) -> dict[str, Any]:
        """A command by the server, of a command line made from the same catalog; what --json prints."""
        cli = command_line()
        asked = ["export", *arguments, "--tenant", self.tenant, "--server", self.url, "--json"]
        asked += ["--client-id", self.app.client_id, "--client-secret", self.app.client_secret]
        ended = CliRunner().invoke(cli, asked, catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
        found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return found


def command_line() -> typer.Typer:
    cli = typer.Typer()
    export_commands.register(cli, (*CATALOG, *SEVENTH))
    return cli


@pytest.fixture(scope="module")
def served(
    original: Practice, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """`open_house(settings, catalog=(*CATALOG, TABLE, BUNDLE))`, and nothing else is different."""
    data = tmp_path_factory.mktemp("seventh") / "data"
    original.house.control.dispose()
    shutil.copytree(original.data, data)
    settings = Settings(data=data, storage_emulators=(azurite.address,))
    house = open_house(settings, catalog=(*CATALOG, *SEVENTH))
    tenant = original.guests[0].tenant
    app = house.identity.apps.create("seventh", tenant, ("Reports.Read.All", "User.Export.All"))
    other = house.identity.apps.create("other", tenant, ("ReportSettings.Read.All",))
    house.start_jobs()
    try:
        with served_here(house) as url:
            yield Served(house, tenant, url, app, other)
    finally:
        house.jobs.shutdown()
        house.control.dispose()


def lines_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_report_has_its_route(served: Served) -> None:
    """302 to a CSV of its columns, concealed as every report; JSON pages on /beta; 400 in its reader's words."""
    answer = served.ask(graph_target_of(TABLE, served.sample(TABLE)))
    assert answer.status == 302, answer.body
    assert answer.headers["x-waybill-gaps"] == "Groups that were deleted are not told."
    heading, *rows = lines_of(ask(answer.headers["location"], answer.headers["location"]).body)
    assert heading == ["Group Name", "Group Id", "Direct Members", "Created"]
    with served.house.open_latest(served.tenant) as facts:
        groups = facts.table(seventh_table.GROUPS, kind="m365_group", since=None)
    assert [sorted(int(row[2]) for row in rows), {row[1] for row in rows}] == [
        sorted(group[2] for group in groups),
        {CONCEALED_ID},
    ]
    assert {row[0] for row in rows} & {group[0] for group in groups} <= {""}
    page = served.ask(f"/beta{TABLE.path}(since=1990-01-01)?$format=application/json&$top=2").json
    assert [one["@odata.type"] for one in page["value"]] == ["#microsoft.graph.groupListDetail"] * 2
    assert set(page["value"][0]) == {
        "@odata.type", "groupName", "groupId", "directMembers", "created", "signInName",
    }  # fmt: skip
    refused = served.ask(f"/v1.0{TABLE.path}(kind='Unheard')")
    assert (refused.status, "Unheard" in refused.json["error"]["message"]) == (400, True)


def test_the_persons_export_has_its_route(served: Served, azurite: Azurite) -> None:
    """202, an operation, and in the container what the module gives, with page, manifest and gap; only on its versions."""
    container = azurite.container()
    target, body = (
        graph_target_of(BUNDLE, served.sample(BUNDLE)),
        {"storageLocation": azurite.sas_url(container)},
    )
    assert served.ask(target.replace("/beta", "/v1.0", 1), sent_json=body).status in (400, 404)
    answer = served.ask(target, sent_json=body)
    assert answer.status == 202, answer.body
    assert answer.json["Location"] == answer.headers["location"]
    operation = f"/v1.0/dataPolicyOperations/{answer.headers['location'].rpartition('/')[2]}"
    wait_until(lambda: served.ask(operation).json["completedDateTime"], "the operation ends", 0.1)
    ended = served.ask(operation).json
    (user,) = served.sample(BUNDLE)["id"]
    assert (ended["status"], ended["userId"], ended["@waybill.gaps"]) == ("complete", user, 1)
    assert azurite.names(container) == [
        "70/Groups.json", "70/note.txt", "RequestInfo.json", "index.html", "manifest.json",
    ]  # fmt: skip
    assert azurite.blob(container, "70/note.txt") == seventh_bundle.NOTE
    with served.house.open_latest(served.tenant) as facts:
        groups = [name for (name,) in facts.table(seventh_bundle.GROUPS, user=user)]
    records = json.loads(azurite.blob(container, "70/Groups.json"))
    assert [one["properties"]["group"] for one in records] == groups
    assert groups
    nobody = served.ask(target.replace(user, "c0000000-0000-4000-8000-000000000009"), sent_json=body)
    assert nobody.status == 404


@each
def test_who_may_ask_is_checked(served: Served, export: Export) -> None:
    """Without a token they answer 401, with the token of an application that lacks the role 403."""
    target = graph_target_of(export, served.sample(export))
    sent: dict[str, Any] = {"sent_json": {"storageLocation": "Nowhere"}} if export is BUNDLE else {}
    assert ask(served.url, target, **sent).status == 401
    token = graph_token(served.url, served.tenant, served.other.client_id, served.other.client_secret)
    refused = ask(served.url, target, headers={"Authorization": f"Bearer {token}"}, **sent)
    assert refused.status == 403


def test_openapi_and_docs_tell_of_them(served: Served) -> None:
    """OpenAPI shows each at its first version with its fields and roles, a report once for each parameter."""
    paths = ask(served.url, "/openapi.json").json["paths"]
    calls = {
        f"/v1.0{TABLE.path}(kind='{{kind}}')": (TABLE, "get", ["kind"]),
        f"/v1.0{TABLE.path}(since={{since}})": (TABLE, "get", ["since"]),
        f"/beta{BUNDLE.path}": (BUNDLE, "post", ["id"]),
    }
    page = ask(served.url, "/docs").body.decode()
    for path, (export, method, fields) in calls.items():
        call = paths[path][method]
        assert [one["name"] for one in call["parameters"]] == fields
        assert export.access is not None
        assert call["x-app-roles"] == list(export.access.app_roles)
        assert export.title in call["summary"]
        assert export.title in page


def test_they_have_commands(served: Served, azurite: Azurite, tmp_path: Path) -> None:
    """`waybill export` has a command for each, with its fields as options, that brings what the server gives."""
    cli = command_line()
    for export in SEVENTH:
        assert {f"--{one.option}" for one in export.fields} <= command_options(cli, export.name)
    file = tmp_path / "groups.csv"
    served.command(TABLE.name, "--since", "1990-01-01", "-o", str(file))
    with served.house.open_latest(served.tenant) as facts:
        groups = facts.table(seventh_table.GROUPS, kind=None, since="1990-01-01")
    assert len(lines_of(file.read_bytes())) == 1 + len(groups)
    container = azurite.container()
    (user,) = served.sample(BUNDLE)["id"]
    told = served.command(BUNDLE.name, "--member", user, "--to", azurite.sas_url(container))
    assert (told["status"], told["user"], told["gaps"]) == ("complete", user, 1)
    assert "manifest.json" in azurite.names(container)


@pytest.mark.parametrize("export", [*CATALOG, *SEVENTH], ids=lambda export: str(export.name))
def test_its_permissions_are_known(export: Export) -> None:
    """What an export wants of a token is something that tokens can say."""
    if export.access is not None:
        assert set(export.access.app_roles) <= set(GRAPH_APP_ROLES)
        assert set(export.access.scopes) <= set(GRAPH_SCOPES)
