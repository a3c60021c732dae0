"""The law of the sixth export: one module and one line give its route, OpenAPI, scope check, command and job."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.laws import sixth_export
from tests.laws.commands import command_options
from tests.laws.serving import Client, ask, served_here, target_of
from tests.laws.tenants import LAW_CATALOG, Practice, copied
from tests.laws.test_catalog_shape import described
from waybill.cli import export_commands
from waybill.export import Received

SIXTH = sixth_export.EXPORT


@dataclass(frozen=True, slots=True)
class Served:
    """A whole house with one more export, jobs and all, and a client of it."""

    practice: Practice
    client: Client
    sample: Received


@pytest.fixture(scope="module")
def served(original: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`open_house(settings, catalog=(*CATALOG, SIXTH))`, and nothing else is different."""
    with copied(original, tmp_path_factory.mktemp("sixth") / "data") as practice:
        practice.house.start_jobs()
        guest = practice.guests[0]
        with practice.facts() as facts:
            sample = SIXTH.sample(facts)
        try:
            with served_here(practice.house) as url:
                yield Served(practice, Client(url, guest.client_id, guest.secret, SIXTH.scope), sample)
        finally:
            practice.house.jobs.shutdown()


def test_its_route_and_job_work(served: Served, tmp_path: Path) -> None:
    """Its route accepts a job, which finishes with a file of its own name, and refuses what its reader refuses."""
    number = served.client.start(SIXTH, served.sample)
    assert served.client.wait(number)["jobStatus"] == 2
    answer = served.client.file(number)
    assert f'filename="{SIXTH.file_stem}_{number}_' in answer.headers["content-disposition"]
    package = tmp_path / "package.zip"
    package.write_bytes(answer.body)
    with zipfile.ZipFile(package) as outer:
        assert outer.namelist() == [f"{SIXTH.file_stem}.xlsx"]
    refused = served.client.get(target_of(SIXTH, {}))
    assert refused.status == 400
    assert "siteUrls" in refused.json["message"]


def test_its_scope_is_checked(served: Served) -> None:
    """Without a token it answers 401, with a token that lacks its scope 403."""
    target = target_of(SIXTH, served.sample)
    assert ask(served.client.url, target).status == 401
    guest = served.practice.guests[0]
    other = served.practice.house.identity.apps.create("other", guest.tenant, ("something.else",))
    answer = Client(served.client.url, other.client_id, other.client_secret, "something.else").get(target)
    assert answer.status == 403
    assert SIXTH.scope in answer.json["message"]


def test_openapi_and_docs_tell_of_it(served: Served) -> None:
    """OpenAPI shows it with every field and its scope, and the page for people shows its title."""
    document: dict[str, Any] = ask(served.client.url, "/openapi.json").json
    assert described(document, SIXTH) == []
    assert SIXTH.title.encode() in ask(served.client.url, "/docs").body


def test_it_has_a_command(served: Served, tmp_path: Path) -> None:
    """`waybill export site-list` exists, with an option for each field, and saves the file a server made."""
    cli = typer.Typer()
    export_commands.register(cli, LAW_CATALOG)
    assert [
        field.option for field in SIXTH.fields if f"--{field.option}" not in command_options(cli, SIXTH.name)
    ] == []
    client, saved = served.client, tmp_path / "saved.zip"
    command = ["export", SIXTH.name, "--server", client.url, "--client-id", client.client_id, "--json"]
    command += ["--client-secret", client.secret, "-o", str(saved)]
    for url in served.sample["siteUrls"]:
        command += ["--site", url]
    ended = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    assert zipfile.ZipFile(saved).testzip() is None
