"""The two commands say what became of every row and file, to people and to programs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests import forks
from tests.unit.load.load_parts import FINANCE, GROUPS, SITE_COLUMNS, group_row, report, site_row


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return forks.run("ingest", *arguments)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Reports, a person's folder, and one of each that cannot be taken."""
    folder = tmp_path / "inbox"
    person = folder / "people/anna@contoso.com"
    person.mkdir(parents=True)
    (person / "a.txt").write_bytes(b"hello")
    (person / "odd\x1b[31m").symlink_to(person)
    (folder / "people/eve@contoso.com").mkdir()
    (folder / "usage").mkdir()
    (folder / "usage/groups.csv").write_bytes(report([group_row(), group_row(Member_Count="x")]))
    (folder / "usage/sites.csv").write_bytes(report([site_row()], SITE_COLUMNS))
    (folder / "usage/other.csv").write_bytes(b"a,b\n")
    return folder


def test_loading_as_programs_see_it(inbox: Path, tmp_path: Path) -> None:
    """With --json the last line on standard output is one object that tells counts, places and what was left out."""
    data = str(tmp_path / "data")
    done = run(
        "usage", str(inbox / "usage"), "--tenant", "newcomer", "--new-tenant", "--data", data, "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["reports"][GROUPS] == {
        "rows": 2, "taken": 1, "superseded": 0, "concealed": 0, "unmatched": 0, "rejected": 1, "replaced": 0,
    }  # fmt: skip
    assert told["skipped_files"][0]["name"] == "other.csv"
    assert "'x' is no whole number" in Path(told["rejects_file"]).read_text("utf-8")
    done = run("files", str(inbox / "people"), "--tenant", "newcomer", "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout.splitlines()[-1])
    assert files["tenant"] == told["tenant"]
    assert files["drives"] == {
        "anna@contoso.com": {"files": 1, "bytes": 5, "folders": 0, "not_held": 0, "replaced": 0}
    }
    assert {one["name"] for one in files["refused"]} == {"eve@contoso.com", "anna@contoso.com/odd\\x1b[31m"}


def test_loading_as_people_see_it(inbox: Path, tmp_path: Path) -> None:
    """Tables on standard output; what was not taken on standard error, with its reason and nothing a terminal obeys."""
    data = str(tmp_path / "data")
    done = run("usage", str(inbox / "usage"), "--tenant", "newcomer", "--new-tenant", "--data", data)
    assert done.returncode == 0, done.stderr
    assert GROUPS in done.stdout
    assert "Published snapshot" in done.stdout
    assert "Rows not taken, with file, line and reason" in done.stdout
    assert "Registered the new tenant newcomer." in done.stderr
    assert "Left out: other.csv" in done.stderr
    assert FINANCE not in done.stdout + done.stderr
    done = run("files", str(inbox / "people"), "--tenant", "newcomer", "--data", data)
    assert done.returncode == 0, done.stderr
    assert "anna@contoso.com" in done.stdout
    assert "Not taken: eve@contoso.com: nobody" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
