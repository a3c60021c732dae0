"""The commands as a script uses them: --json, its keys, and the files they leave (the issue's list)."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.clients.command_line import Commands, Run
from tests.clients.product_reports import HOST
from tests.clients.product_server import Practice, Product, Waiting
from waybill.ingest.practice.stage import group_id

PERMISSION = "insights.graph.readwrite.all"
JOB_KEYS = {
    "job",
    "tenant",
    "export",
    "status",
    "snapshot",
    "client_id",
    "requested",
    "started",
    "finished",
    "rows",
}
Command = Callable[..., Run]


@pytest.fixture(scope="module")
def data(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of this file's own, without a server."""
    return Path(shutil.copytree(practice.data, tmp_path_factory.mktemp("cli") / "data"))


@pytest.fixture(scope="module")
def local(commands: Commands, data: Path) -> Command:
    """Runs a command on the data folder with --json."""

    def run(*arguments: str | Path, cwd: Path | None = None) -> Run:
        return commands(*arguments, "--data", data, "--json", cwd=cwd)

    return run


@pytest.fixture(scope="module")
def exported(local: Command, data: Path) -> Run:
    """A site report made by the command line, without -o: job 1 of the tenant."""
    folder = data.parent / "here"
    folder.mkdir()
    return local("export", "site-permissions", "--tenant", "practice-tiny", "--site", f"{HOST}/sites/press",
                 "--site", f"{HOST}/sites/board", cwd=folder)  # fmt: skip


def _sheets(path: Path) -> dict[str, int]:
    """Rows per sheet of the workbook inside a ZIP."""
    with zipfile.ZipFile(path) as package:
        book = openpyxl.load_workbook(io.BytesIO(package.read(package.namelist()[0])))
    return {sheet.title: sheet.max_row - 1 for sheet in book.worksheets}


def _check_export(facts: dict[str, Any], status: str) -> None:
    assert list(facts) == ["job", "status", "file", "rows", "seconds", "peak_memory_mb"]
    assert (facts["status"], facts["rows"]) == (status, _sheets(Path(facts["file"])))
    assert facts["job"].isdigit()
    assert facts["seconds"] > 0
    assert facts["peak_memory_mb"] > 0


def test_practice(practice: Practice) -> None:
    """`waybill practice --json` ends with tenant and snapshot; progress goes to standard error as JSON lines."""
    assert set(practice.run.json) == {"tenant", "snapshot"}
    assert len(practice.run.out.splitlines()) == 1
    told = practice.run.progress
    assert len(told) == len(practice.run.err.splitlines()) > 3
    assert {line["task"] for line in told} == {"Practice tenant tiny"}
    shares = [line["percent"] for line in told if "percent" in line]
    assert shares == sorted(shares)


def test_snapshots(practice: Practice, local: Command) -> None:
    """`waybill snapshots --json` lists them with tenant, time and source."""
    found = {one["snapshot"]: one for one in local("snapshots").json["snapshots"]}
    mine = found[practice.run.json["snapshot"]]
    assert (mine["tenant"], mine["name"], mine["source"]) == (
        practice.tenant, "practice-tiny", "practice tiny, seed 1",
    )  # fmt: skip
    assert mine["as_of"].startswith("2026-06-01T00:00:00")


def test_apps_create_and_list(commands: Commands, practice: Practice, local: Command, data: Path) -> None:
    """`waybill apps create --json` gives client id, secret and tenant; the secret is never shown again."""
    made = local("apps", "create", "Nightly", "--tenant", "practice-tiny", "--permission", PERMISSION).json
    assert set(made) == {"client_id", "client_secret", "tenant"}
    assert made["tenant"] == practice.tenant
    listed = local("apps", "list")
    assert {"client_id": made["client_id"], "name": "Nightly", "tenant": practice.tenant} in listed.json[
        "apps"
    ]
    shown = commands("apps", "list", "--data", data)
    assert "Nightly" in shown.out
    assert made["client_secret"] not in listed.out + listed.err + shown.out + shown.err


def test_export_of_sites(exported: Run, data: Path) -> None:
    """Without -o the file lies in the working folder under its own name; progress went to standard error."""
    facts = exported.json
    _check_export(facts, "finished")
    path = Path(facts["file"])
    assert (path.parent, list(path.parent.iterdir())) == (data.parent / "here", [path])
    assert path.name.startswith(f"SitePermissionReport_{facts['job']}_")
    doing = [line["doing"] for line in exported.progress if line["task"] == "Site permission report"]
    assert doing
    assert doing[-1] == f"finished, {sum(facts['rows'].values())} rows"


def test_export_of_groups(local: Command, tmp_path: Path) -> None:
    """All fields of the group export are options; -o says where the file goes, folders are made."""
    target = tmp_path / "new" / "folder" / "groups.zip"
    facts = local(
        "export", "group-access", "--tenant", "PRACTICE-Tiny", "--group", group_id("Old suppliers"), "--option", "2",
        "--source", "sharepoint online", "--source", "OneDrive", "--site", f"{HOST}/sites/suppliers",
        "--language", "fr-FR", "--include-inherited", "--include-implied", "-o", target,
    ).json  # fmt: skip
    assert facts["file"] == str(target)
    assert [path.name for path in target.parent.iterdir()] == ["groups.zip"]
    assert facts["status"] == "finished_with_exceptions"
    assert list(_sheets(target))[:2] == ["Synthèse", "Collections de sites"]
    assert list(facts["rows"].values()) == list(_sheets(target).values())


def test_export_for_people(commands: Commands, practice: Practice, data: Path, tmp_path: Path) -> None:
    """Without --json an export ends with its file, how it ended and the rows of each sheet in words."""
    run = commands("export", "site-permissions", "--tenant", practice.tenant, "--site", f"{HOST}/sites/press",
                  "-o", "report.zip", "--data", data, cwd=tmp_path)  # fmt: skip
    assert run.code == 0
    file, words = run.out.splitlines()
    assert file == f"Saved to {tmp_path / 'report.zip'}"
    assert (tmp_path / "report.zip").is_file()
    assert words.startswith("finished in ")
    assert "Summary 1, Permissions " in words


def test_jobs_list_and_show(commands: Commands, exported: Run, local: Command, data: Path) -> None:
    """`jobs list` has every job, `jobs show` one, both with the same facts; without --json both are readable."""
    number = exported.json["job"]
    listed = local("jobs", "list", "--tenant", "practice-tiny").json["jobs"]
    shown = local("jobs", "show", number, "--tenant", "practice-tiny").json
    assert [job for job in listed if str(job["job"]) == number] == [shown]
    assert set(shown) >= JOB_KEYS
    assert (shown["status"], shown["rows"], shown["client_id"]) == ("finished", exported.json["rows"], "cli")
    assert "site-permissions" in commands("jobs", "list", "--data", data).out
    assert "finished" in commands("jobs", "show", number, "--tenant", "practice-tiny", "--data", data).out


def test_export_through_a_server(commands: Commands, product: Product, tmp_path: Path) -> None:
    """With --server the export runs there, as any client's would, by the secret of an option or the environment."""
    common = ("export", "site-permissions", "--site", f"{HOST}/sites/press", "--server", product.url,
              "--client-id", product.credentials.client_id, "--json")  # fmt: skip
    secret = product.credentials.client_secret
    by_option = commands(*common, "--client-secret", secret, cwd=tmp_path)
    by_environment = commands(*common, "-o", "e.zip", cwd=tmp_path, env={"WAYBILL_CLIENT_SECRET": secret})
    for run in (by_option, by_environment):
        _check_export({**run.json, "file": str(tmp_path / run.json["file"])}, "finished")
        assert run.progress
        assert secret not in run.out + run.err
    files = [(tmp_path / run.json["file"]).read_bytes() for run in (by_option, by_environment)]
    assert files[0] == files[1]


def test_jobs_beside_a_running_server(commands: Commands, waiting: Waiting) -> None:
    """`jobs list`, `show` and `cancel` work beside a server; a job stopped by hand is 6 there, without a file."""
    data = waiting.house.settings.data
    job = waiting.client.ask(f"/insights/sites/permission/export?siteUrls={HOST}/sites/press").job
    tail = ("--data", data, "--json")
    (listed,) = commands("jobs", "list", *tail).json["jobs"]
    assert (listed["job"], listed["status"], listed["rows"]) == (job, "queued", None)
    cancelled = commands("jobs", "cancel", str(job), "--tenant", "practice-tiny", *tail)
    assert cancelled.json == {"job": job, "status": "stopped"}
    assert waiting.client.status(job)["jobStatus"] == 6
    answer = waiting.client.file(job)
    assert (answer.status, answer.json["status"]) == (409, 409)
    assert "stopped" in answer.json["message"]
    shown = commands("jobs", "show", str(job), "--tenant", "practice-tiny", *tail).json
    assert (shown["status"], shown["rows"]) == ("stopped", None)


def test_mgdc_files_there_and_back(
    practice: Practice, commands: Commands, data: Path, tmp_path: Path
) -> None:
    """The same size and seed give the same snapshot; what `practice --write-mgdc` wrote of it, `ingest mgdc`
    reads without loss, with counts per dataset."""
    tail = ("--data", data, "--json")
    written = commands("practice", "--size", "tiny", "--write-mgdc", tmp_path / "mgdc", *tail)
    assert written.json == practice.run.json
    read = commands("ingest", "mgdc", tmp_path / "mgdc", "--tenant", "loaded", *tail).json
    assert set(read) >= {"tenant", "snapshot", "datasets", "rejects_file"}
    assert {"SharePointSites", "SharePointPermissions", "SharePointGroups"} <= set(read["datasets"])
    for counts in read["datasets"].values():
        assert counts["read"] > 0
        assert counts["rejected"] == 0
    known = {(one["name"], one["snapshot"]) for one in commands("snapshots", *tail).json["snapshots"]}
    assert ("loaded", read["snapshot"]) in known


def test_files_are_for_their_owner_alone(commands: Commands, tmp_path: Path) -> None:
    """Snapshots, the control store and reports can be read by the account that made them and by nobody else."""
    data = tmp_path / "data"
    assert commands("practice", "--size", "tiny", "--data", data).code == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.rglob("*"))}
    assert len(modes) > 4
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
