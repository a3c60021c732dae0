"""The README is true: its commands run, its make targets exist, its settings are the real ones."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from tests import forks
from waybill.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
SECONDS = 300

_FENCE = re.compile(r"^```(?:console|sh|shell|bash)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_RUN = re.compile(r"<!-- run -->(.*?)<!-- end -->", re.DOTALL)
_MAKE = re.compile(r"(?:^|`)(?:\$ )?make ([a-z][a-z-]*)", re.MULTILINE)


def commands_in(text: str) -> list[str]:
    """The command lines (`$ ...`, with their continuation lines) of the fenced blocks in `text`."""
    found: list[str] = []
    for block in _FENCE.findall(text):
        goes_on = False
        for line in block.splitlines():
            if goes_on:
                found[-1] += "\n" + line
            elif line.startswith("$ "):
                found.append(line[2:])
            else:
                continue
            goes_on = found[-1].endswith("\\")
    return found


def marked_commands(text: str) -> list[str]:
    """The command lines between `<!-- run -->` and `<!-- end -->`, in order."""
    return [command for part in _RUN.findall(text) for command in commands_in(part)]


def plain_words(command: str) -> list[str]:
    """A command line's words as a shell parts them; none if it asks more of a shell than that."""
    joined = command.replace("\\\n", "")
    return [] if set(joined) & set("|&;<>()$`\\*?[]#~={}!\n") else shlex.split(joined)


def make_targets(makefile: str) -> set[str]:
    return {name for line in makefile.splitlines() for name in _targets_of(line)}


def _targets_of(line: str) -> Iterator[str]:
    head, colon, rest = line.partition(":")
    if colon and not line.startswith(("\t", "#", ".PHONY")) and not rest.startswith("="):
        yield from head.split()


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text("utf-8")


def test_reading_a_readme() -> None:
    """Only lines with a prompt inside marked fenced blocks are commands; a backslash carries one on."""
    text = (
        "<!-- run -->\n```console\n$ one \\\n  more\nan answer\n$ two\n```\n<!-- end -->\n"
        "```console\n$ not this\n```\n<!-- run -->\n```sh\n$ three\n```\n<!-- end -->\n"
    )
    assert marked_commands(text) == ["one \\\n  more", "two", "three"]
    assert plain_words("one \\\n  'more of' it") == ["one", "more of", "it"]
    assert not any(map(plain_words, ("one > two", "one $two", "one; two", "one 'two|three'")))
    assert make_targets("A := b\n.PHONY: x\ndemo: install\n\tdo\nall the: rest\n") == {"demo", "all", "the"}


def test_commands_run(readme: str, tmp_path: Path) -> None:
    """Every marked command of the README runs, one after the other, in one empty folder."""
    commands = marked_commands(readme)
    assert commands
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    environment = {**kept, "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{kept.get('PATH', '')}"}
    targets = make_targets((ROOT / "Makefile").read_text("utf-8"))
    first = next(command for command in commands if command.startswith("waybill "))
    for command in commands:
        if command.startswith("make "):
            assert set(command.split("#")[0].split()[1:]) <= targets, command
            continue
        words = plain_words(command)
        if words[:1] == ["waybill"] and command != first:
            done = forks.run(*words[1:], cwd=tmp_path, env=environment, timeout=SECONDS)
        else:
            done = subprocess.run(
                ["bash", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True,
                timeout=SECONDS, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_make_targets(readme: str) -> None:
    """Every `make` command the README names is a target; `make demo` and `make test` are among them."""
    named = set(_MAKE.findall(readme))
    assert named >= {"demo", "test"}
    assert named <= make_targets((ROOT / "Makefile").read_text("utf-8"))


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on PATH")
def test_make_can_read_its_targets(readme: str) -> None:
    """make itself knows what to do for each of them."""
    for target in sorted(set(_MAKE.findall(readme))):
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_an_extract_says_why(readme: str) -> None:
    """The README shows rows of a report with their way: at least one table with a column Access Path."""
    tables = re.findall(r"(?:^\|.*\n)+", readme, re.MULTILINE)
    why = [table for table in tables if "Access Path" in table.splitlines()[0]]
    assert why
    for table in why:
        column = [cell.strip() for cell in table.splitlines()[0].strip("|").split("|")].index("Access Path")
        rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
        assert rows
        assert all("->" in row[column] for row in rows)


def test_the_extract_is_real(readme: str, tmp_path: Path) -> None:
    """Every row of the README's extract is a row of the files that the demo writes, cell for cell."""
    done = forks.run("demo", "--data", tmp_path, "--json", timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    written: set[tuple[str, ...]] = set()
    headings = {tuple(cells) for cells in _rows(readme) if "Access Path" in cells}
    for made in json.loads(done.stdout.splitlines()[-1])["files"].values():
        with zipfile.ZipFile(made["file"]) as package:
            book = openpyxl.load_workbook(io.BytesIO(package.read(package.namelist()[0])), read_only=True)
        for sheet in book:
            rows = list(sheet.iter_rows(values_only=True))
            for wanted in headings:
                if set(wanted) <= set(rows[0]):
                    places = [rows[0].index(name) for name in wanted]
                    written |= {tuple(str(row[place] or "") for place in places) for row in rows[1:]}
    shown = {tuple(cells) for cells in _rows(readme) if "->" in cells[-1]}
    assert len(shown) >= 5
    assert shown <= written


def _rows(readme: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in readme.splitlines()
        if line.startswith("|")
    ]


def test_settings_are_real(readme: str) -> None:
    """Every WAYBILL_ variable the README names is a setting, with the default its table gives."""
    fields = Settings.model_fields
    for name in set(re.findall(r"WAYBILL_([A-Z_]+)", readme)) - {"CLIENT_SECRET", "STORAGE_LOCATION"}:
        assert name.lower() in fields, name
    rows = re.findall(r"^\| `WAYBILL_([A-Z_]+)` \| `?([^|`]+?)`? \|", readme, re.MULTILINE)
    assert rows
    for name, default in rows:
        real = fields[name.lower()].default
        assert default == _shown(real), name


def _shown(default: object) -> str:
    if default == "":
        return "empty"
    if default in ((), None):
        return "none"
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_files_it_points_to_exist(readme: str) -> None:
    """Every relative link of the README leads to a file of the repository."""
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", readme):
        assert (ROOT / target).exists(), target
