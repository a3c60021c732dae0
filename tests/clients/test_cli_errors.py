"""What cannot be done is said in words that tell what to do: exit code 1, or 2 for wrong usage; never a traceback."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.command_line import Commands, Run
from tests.clients.product_reports import HOST
from tests.clients.product_server import Practice, Product
from waybill.app import open_house
from waybill.settings import Settings

SECRET = "wrong-secret-that-is-shown-nowhere"
SITES = ("export", "site-permissions", "--site", f"{HOST}/sites/press")
GROUPS = ("export", "group-access", "--source", "OneDrive", "--option", "3")
TINY = ("--tenant", "practice-tiny")
JSON = "--json"

LOCAL: Mapping[str, tuple[tuple[str, ...], int, tuple[str, ...]]] = {
    "unknown tenant": ((*SITES, "--tenant", "nobody"), 1, ("'nobody'", "waybill ingest mgdc", "waybill practice")),
    "no tenant": (SITES, 1, ("--tenant is needed", "waybill snapshots", "--server")),
    "no snapshot": ((*SITES, "--tenant", "empty"), 1, ("no snapshot", "waybill ingest mgdc")),
    "unknown group": ((*GROUPS, *TINY, "--group", "nobody@contoso.com"), 1, ("was not found", "Entra object id")),
    "unknown site": ((*SITES[:-1], f"{HOST}/sites/nowhere", *TINY), 1, ("site collection", "Check the URLs")),
    "no site": ((*SITES[:2], *TINY), 1, ("siteUrls is required", "--site")),
    "no URL": ((*SITES[:-1], "press", *TINY), 1, ("'press'", "https://contoso.sharepoint.com", "--site")),
    "option out of range": ((*GROUPS[:-1], "9", *TINY), 1, ("'9'", "1, 2, 3", "--option")),
    "all groups with option 2": ((*GROUPS[:-1], "2", *TINY), 1, ("exportOptionType 3", "--option")),
    "unknown data source": ((*GROUPS, "--source", "Exchange", *TINY), 1, ("'Exchange'", "Microsoft Teams", "--source")),
    "unknown command": (("exprot",), 2, ("exprot",)),
    "unknown option": ((*SITES, *TINY, "--sites", "x"), 2, ("--sites", "--site")),
    "no argument": (("apps", "create", "x"), 2, ("--tenant",)),
    "unknown permission": (
        ("apps", "create", "x", *TINY, "--permission", "all"), 1, ("'all'", "insights.graph.readwrite.all"),
    ),
    "certificate that is none": (
        ("apps", "create", "x", *TINY, "--permission", "insights.graph.readwrite.all", "--certificate", __file__),
        1, ("PEM",),
    ),
    "no such certificate": (
        ("apps", "create", "x", *TINY, "--permission", "insights.graph.readwrite.all", "--certificate", "none.pem"),
        2, ("none.pem",),
    ),
    "unknown size": (("practice", "--size", "huge"), 1, ("'huge'", "tiny, small, medium, large")),
    "unknown job": (("jobs", "show", "77", *TINY), 1, ("no such job",)),
    "cancel of an unknown job": (("jobs", "cancel", "77", *TINY), 1, ("no such job",)),
    "no files to read": (("ingest", "mgdc", "nowhere", *TINY), 1, ("nowhere",)),
    "usage of an unknown tenant": (
        ("ingest", "usage", ".", "--tenant", "practice-tny"), 1, ("'practice-tny'", "practice-tiny", "--new-tenant"),
    ),
    "output that is a folder": ((*SITES, *TINY, "-o", "."), 1, ("folder", "-o")),
    "server without credentials": ((*SITES, "--server", "http://127.0.0.1:1"), 1, ("--client-id", "waybill apps create")),
}  # fmt: skip
"""Command, exit code, what its words on standard error hold."""


@dataclass(frozen=True)
class Failed:
    """The runs of all these commands, each with a data folder of its own below `folder`."""

    folder: Path
    runs: Mapping[str, Run]


@pytest.fixture(scope="module")
def failed(practice: Practice, commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Failed:
    base = tmp_path_factory.mktemp("errors")
    shutil.copytree(practice.data, base / "data")
    house = open_house(Settings(data=base / "data"))
    house.registry.ensure_tenant("empty")
    house.control.dispose()
    runs = {}
    for name, (command, _, _) in LOCAL.items():
        data = shutil.copytree(base / "data", base / name)
        tail = () if name == "unknown command" else ("--data", data, JSON)
        runs[name] = commands(*command, *tail, cwd=base)
    return Failed(base, runs)


def _check(run: Run, code: int, words: tuple[str, ...]) -> None:
    assert run.code == code, run.err
    assert run.out == ""
    assert "Traceback" not in run.err
    for word in words:
        assert word in run.err, run.err


@pytest.mark.parametrize("name", LOCAL)
def test_errors(failed: Failed, name: str) -> None:
    """An error says what is wrong and what to do, on standard error alone, with its exit code."""
    _, code, words = LOCAL[name]
    _check(failed.runs[name], code, words)


def test_no_error_starts_a_job(failed: Failed) -> None:
    """A request that was refused has left no job and no file behind."""
    for name in failed.runs:
        house = open_house(Settings(data=failed.folder / name))
        assert house.jobs.list() == [], name
        assert {one.name for one in house.registry.tenants()} == {"practice-tiny", "practice-tiny-2", "empty"}
        house.control.dispose()
    assert sorted(failed.folder.rglob("*.zip*")) == []


def test_second_process_on_the_same_data(commands: Commands, product: Product) -> None:
    """While a server runs, an export on its data folder or a second server is refused and pointed to --server."""
    for command in ((*SITES, *TINY, JSON), ("serve", "--port", "0")):
        _check(
            commands(*command, "--data", product.data), 1, ("already runs jobs", "--server", "Stop it first")
        )


def test_server_that_is_not_there(commands: Commands, tmp_path: Path) -> None:
    """A server that does not answer, or is none of ours, is said so, without the secret."""
    with socket.socket() as quiet:
        quiet.bind(("127.0.0.1", 0))
        free = quiet.getsockname()[1]
        tail = ("--client-id", "c", "--client-secret", SECRET, JSON)
        for url in (f"http://127.0.0.1:{free}", f"127.0.0.1:{free}", "http://["):
            run = commands(*SITES, "--server", url, *tail, cwd=tmp_path)
            _check(run, 1, ("cannot be reached", "waybill serve"))
            assert SECRET not in run.err


def test_wrong_secret(commands: Commands, product: Product, tmp_path: Path) -> None:
    """A wrong secret is refused by the server; it is printed nowhere, and no file is made."""
    run = commands(*SITES, "--server", product.url, "--client-id", product.credentials.client_id,
                  "--client-secret", SECRET, JSON, cwd=tmp_path)  # fmt: skip
    _check(run, 1, ("The server answered 400",))
    assert SECRET not in run.err
    assert list(tmp_path.iterdir()) == []


def test_refusal_of_the_server_is_told(commands: Commands, product: Product, tmp_path: Path) -> None:
    """What the server refuses is told in its own words."""
    run = commands("export", "site-permissions", "--site", f"{HOST}/sites/nowhere", "--server", product.url,
                  "--client-id", product.credentials.client_id, JSON, cwd=tmp_path,
                  env={"WAYBILL_CLIENT_SECRET": product.credentials.client_secret})  # fmt: skip
    _check(run, 1, ("The server answered 400", "Check the URLs"))


def test_setting_that_does_not_fit(commands: Commands, tmp_path: Path) -> None:
    """A setting that does not fit stops the start with its name."""
    run = commands("serve", "--data", tmp_path, env={"WAYBILL_RETENTION_DAYS": "-1"})
    _check(run, 1, ("retention_days", "WAYBILL_RETENTION_DAYS"))
    _check(commands("serve", "--data", tmp_path, "--port", "99999"), 1, ("port", "65535"))
