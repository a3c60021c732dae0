"""The house rules that a machine can check: imports point down, files can be read in one sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "waybill"
TESTS = Path(__file__).resolve().parents[1]

FLOOR = {"clock", "errors", "settings", "control", "log", "audit", "export", "words", "sealing"}
MAY_IMPORT: dict[str, set[str]] = {
    **{name: {"clock", "errors", "export", "control"} for name in FLOOR},
    "tenant": FLOOR,
    "files": FLOOR,
    "delivery": FLOOR,
    "identity": FLOOR,
    "exports": {"errors", "export", "tenant"},
    "jobs": FLOOR | {"files", "delivery"},
    "ingest": FLOOR | {"tenant"},
    "api": FLOOR | {"jobs", "identity"},
    "app": FLOOR | {"api", "jobs", "identity", "exports", "tenant", "files", "delivery", "ingest"},
    "cli": FLOOR | {"app", "api", "jobs", "identity", "exports", "tenant", "ingest"},
    "console": FLOOR | {"app", "api", "jobs", "identity"},
}
"""Package or module -> what it may import of waybill, beside itself (design.md, "Folders")."""

ENGINES = {"duckdb", "sqlalchemy", "dbos", "starlette", "fastapi", "granian", "httpx2"}
"""An export imports no HTTP, no jobs, no delivery, no engine."""


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).parts[0].removesuffix(".py"), path


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            module = node.module or ""
            yield from (f"{module}.{name.name}" if module == "waybill" else module for name in node.names)


@pytest.mark.parametrize(
    ("room", "path"), list(_modules()), ids=lambda value: str(getattr(value, "name", value))
)
def test_imports_point_down(room: str, path: Path) -> None:
    """A module imports only what lies below its room; siblings do not import each other."""
    if room == "__init__":
        return
    allowed = MAY_IMPORT[room] | {room, "__version__"}
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] == "waybill":
            assert parts[1] in allowed, f"{path.relative_to(SOURCE)} imports {name}"
        elif room == "exports":
            assert parts[0] not in ENGINES, f"{path.relative_to(SOURCE)} imports {name}"


def test_every_room_is_known() -> None:
    """A new package declares its place in the house, here, before it is used."""
    assert {room for room, _ in _modules()} - {"__init__"} <= set(MAY_IMPORT)


@pytest.mark.parametrize("folder", [SOURCE, TESTS], ids=["src", "tests"])
def test_files_can_be_read_in_one_sitting(folder: Path) -> None:
    """No Python file has more than 400 lines; about 300 is the aim."""
    long = {
        str(path.relative_to(folder)): lines
        for path in folder.rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}


def test_functions_are_short() -> None:
    """No function has more than 60 lines; about 40 is the aim."""
    long = [
        f"{path.relative_to(SOURCE)}:{node.name}"
        for _, path in _modules()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno > 60
    ]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    """A module begins with a docstring."""
    silent = [
        str(path.relative_to(SOURCE))
        for _, path in _modules()
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_names_say_something() -> None:
    """No module is called utils, helpers, common or manager."""
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert [str(path) for _, path in _modules() if path.stem in vague] == []
