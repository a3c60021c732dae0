"""What people see: help of every command, a progress bar on a terminal, the demo and what it prints."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from tests import forks
from tests.clients.command_line import WAYBILL, Commands, Run, environment, waybill
from tests.clients.product_reports import HOST, Book, comparable_by_calamine
from tests.clients.product_server import Practice
from waybill.app import open_house
from waybill.cli import screen
from waybill.cli.main import cli
from waybill.jobs.table import State
from waybill.settings import Settings

COMMANDS = (
    "serve", "demo", "practice", "snapshots", "ingest mgdc", "apps create", "apps list", "export group-access",
    "export site-permissions", "jobs list", "jobs show", "jobs cancel", "ingest usage", "ingest files",
    "export personal-data", "export shared-profile-data", "export groups-activity", "operations list",
    "operations show", "operations cancel", "destinations add", "destinations list", "destinations remove", "practice-token",
)  # fmt: skip


def _leaves(group: TyperGroup, path: str = "") -> Iterator[tuple[str, typer.core.TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _leaves(command, f"{path}{name} ")
        else:
            assert isinstance(command, typer.core.TyperCommand)
            yield path + name, command


def _tree() -> Mapping[str, typer.core.TyperCommand]:
    whole = typer.main.get_command(cli)
    assert isinstance(whole, TyperGroup)
    return dict(_leaves(whole))


def test_commands() -> None:
    """These are all commands there are."""
    assert set(_tree()) == set(COMMANDS)


@pytest.mark.parametrize("name", ["", "ingest", "apps", "export", "jobs", *COMMANDS])
def test_help(commands: Commands, name: str) -> None:
    """Every command's --help says in a sentence what it does, and a word on each option."""
    run = commands(*name.split(), "--help")
    assert (run.code, run.err) == (0, "")
    words = " ".join(run.out.split())
    assert f"Usage: waybill {name}".rstrip() in words
    assert "None" not in words
    assert "default: -1" not in words
    for parameter in _tree()[name].params if name in COMMANDS else ():
        assert getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_gives_json(name: str) -> None:
    """Every command but `serve`, which has no result, takes --json; every one says which data it works on."""
    options = {option for parameter in _tree()[name].params for option in parameter.opts}
    assert "--data" in options
    assert ("--json" in options) is (name != "serve")


def test_numbers_and_nouns() -> None:
    """One thing is one thing, and no other number is."""
    assert [screen.counted(number, "row") for number in (0, 1, 2, 1200)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "1,200 rows",
    ]


def test_empty_lists(commands: Commands, tmp_path: Path) -> None:
    """A list of nothing says so."""
    for command in ("snapshots", "apps list", "jobs list"):
        assert ": none\n" in commands(*command.split(), "--data", tmp_path / "data").out


def test_nothing_asked(commands: Commands) -> None:
    """`waybill` alone shows its commands."""
    run = commands()
    assert "Commands:" in run.out + run.err
    assert "Traceback" not in run.err


def _on_a_terminal(*arguments: str | Path, cwd: Path) -> tuple[int, str, str]:
    """Exit code, standard output, and what standard error showed on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [WAYBILL, *map(str, arguments)], stdout=subprocess.PIPE, stderr=theirs, stdin=theirs, text=True, cwd=cwd,
        env=environment(TERM="xterm-256color", COLUMNS="100"),
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed: that is how Linux says it
                break
            if not part:
                break
            shown += part
    os.close(ours)
    out, _ = process.communicate(timeout=20)
    return process.returncode, out, shown.decode("utf-8", "replace")


def test_progress_bar_on_a_terminal(practice: Practice, tmp_path: Path) -> None:
    """On a terminal a bar moves and tells the sheet being written; no JSON lines there, and the result is clean."""
    data = shutil.copytree(practice.data, tmp_path / "data")
    code, out, shown = _on_a_terminal(
        "export", "site-permissions", "--tenant", "practice-tiny", "--site", f"{HOST}/sites/press", "-o", "r.zip",
        "--data", data, cwd=tmp_path,
    )  # fmt: skip
    assert code == 0
    assert "━" in shown
    assert "\x1b[" in shown
    assert re.search(r"Site permission report: \w+, [\d,]+ rows", shown)
    assert '{"task"' not in shown
    assert out.splitlines()[0] == f"Saved to {tmp_path / 'r.zip'}"
    assert "\x1b" not in out


def test_ctrl_c(practice: Practice, tmp_path: Path) -> None:
    """Ctrl+C stops an export with exit 130 and a word on its job, which waits for the next start; no file is made."""
    data = shutil.copytree(practice.data, tmp_path / "data")
    house = open_house(Settings(data=data))
    with house.open_latest(practice.tenant) as facts:
        snapshot = facts.snapshot
    for number in range(40):  # they run first, so that the job asked for below is still waiting at Ctrl+C
        received = {"siteUrls": (f"{HOST}/sites/odd-names",), "language": (str(number),)}
        house.jobs.submit(practice.tenant, "site-permissions", received, "before", snapshot)
    with forks.fork(
        "export", "site-permissions", "--tenant", "practice-tiny", "--site", f"{HOST}/sites/press", "--data", data,
        stderr=subprocess.PIPE, cwd=tmp_path, env=environment(),
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert "queued" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "Jobs already accepted go on" in said
    assert "Traceback" not in said
    assert house.jobs.get(practice.tenant, 41).state is State.QUEUED
    house.control.dispose()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """What `make demo` runs, on the tiny tenant, and the folder it ran in."""
    folder = tmp_path_factory.mktemp("demo")
    return waybill("demo", "--size", "tiny", "--data", folder / "data", "--json", cwd=folder), folder


def _demo_books(demo: tuple[Run, Path]) -> dict[str, Book]:
    run, folder = demo
    return {
        name: Book(report["status"], (folder / report["file"]).read_bytes())
        for name, report in run.json["files"].items()
    }


def test_demo(demo: tuple[Run, Path]) -> None:
    """`waybill demo` ends by itself with exit 0, two readable files, and tables of what is in them and why."""
    run, folder = demo
    books = _demo_books(demo)
    assert set(books) == {"group-access", "site-permissions"}
    for name, report in run.json["files"].items():
        assert {sheet: len(books[name].rows(sheet)) for sheet in books[name].sheets} == report["rows"]
        assert report["file"] in run.out
    assert "Access Path" in run.out
    assert " -> " in run.out
    assert [path.name for path in folder.iterdir()] == ["data"]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not on PATH")
def test_demo_files_in_three_readers(demo: tuple[Run, Path], tmp_path: Path) -> None:
    """openpyxl, calamine and LibreOffice read the same contents from both files of the demo."""
    books = _demo_books(demo)
    for name, book in books.items():
        (tmp_path / f"{name}.xlsx").write_bytes(book.xlsx)
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx",
         "--outdir", tmp_path / "libreoffice", *(tmp_path / f"{name}.xlsx" for name in books)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    for name, book in books.items():
        converted = (tmp_path / "libreoffice" / f"{name}.xlsx").read_bytes()
        assert comparable_by_calamine(book.xlsx) == comparable_by_calamine(converted) == book.comparable(), (
            name
        )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on PATH: its lines cannot be tried")
def test_curl_lines_of_a_kept_server(tmp_path: Path) -> None:
    """`waybill demo --keep-serving` prints lines that work as they stand, and stops on SIGTERM with exit 0."""
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("w") as stdout, err.open("w") as stderr:
        server = forks.fork(
            "demo", "--keep-serving", "--port", "0", "--size", "tiny", "--data", tmp_path / "data",
            stdout=stdout, stderr=stderr, env=environment(),
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while "exportfile" not in out.read_text():
            assert server.poll() is None, err.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        lines = [
            line for line in out.read_text().splitlines() if line.startswith(("TOKEN=", "JOB=", "curl "))
        ]
        status = next(line for line in lines if "exportstatus" in line)
        wait = f"until {status} | grep -q '\"jobStatus\":[24]'; do sleep 0.1; done"
        script = "\n".join(["set -e", *lines[:-1], wait, lines[-1]])
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[:2] == ["job 1", "job 2"]
        (file,) = tmp_path.glob("*Report_2_*.zip")
        assert Book(2, file.read_bytes()).sheets[-1] == "About"
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(40)
    assert code == 0, err.read_text()
