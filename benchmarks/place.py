"""Where benchmark inputs lie, and how large they are: practice tenants and made rows, each made once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "WAYBILL_BENCH_DATA"


@dataclass(frozen=True, slots=True)
class Place:
    """One run's inputs. quick: smaller ones, and peers that take minutes are left out or given less."""

    folder: Path
    quick: bool

    @property
    def tenant(self) -> str:
        """The size of the practice tenant the cases use."""
        return "medium" if self.quick else "large"

    @property
    def made(self) -> Path:
        """Inputs that cases make for themselves."""
        path = self.folder / "bench"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def scratch(self) -> Path:
        """What contenders write; emptied by them."""
        path = self.made / "scratch"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def data(self, size: str) -> Path:
        """The data folder of a practice tenant, built if it is not there; waits for nobody."""
        folder = self.folder / size
        if not list(folder.glob("snapshots/*/*.duckdb")):
            waybill("practice", "--size", size, "--data", str(folder))
        return folder

    def snapshot(self, size: str) -> Path:
        """The newest snapshot file of a practice tenant."""
        return sorted(self.data(size).glob("snapshots/*/*.duckdb"), key=lambda one: one.stat().st_mtime)[-1]

    def once(self, name: str, make: Callable[[Path], None]) -> Path:
        """A file or folder that `make` makes, under a temporary name first, if it is not there yet."""
        final = self.made / name
        if not final.exists():
            building = self.made / f"building-{name}"
            _remove(building)  # of a run that was ended
            make(building)
            building.rename(final)
        return final

    def code(self, *folders: str) -> str:
        """A short text that changes with the files of these folders of the product: for what is made by them."""
        digest = hashlib.blake2b(digest_size=6)
        for folder in folders:
            for path in sorted((ROOT / "src" / "waybill" / folder).rglob("*.*")):
                if path.suffix in (".py", ".sql"):
                    digest.update(path.read_bytes())
        return digest.hexdigest()

    def child_once(self, name: str, case: str, **given: str | int) -> Path:
        """As `once`, made by `prepare(path, given)` of a case module in a process of its own."""

        def make(path: Path) -> None:
            words = [sys.executable, "-m", "benchmarks.prepare", case, str(path), json.dumps(given)]
            subprocess.run(words, cwd=ROOT, check=True)

        return self.once(name, make)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def open_place(*, quick: bool) -> Place:
    """The folder named by WAYBILL_BENCH_DATA, or build/bench of this clone."""
    folder = Path(os.environ.get(VARIABLE, "") or ROOT / "build" / "bench")
    folder.mkdir(parents=True, exist_ok=True)
    return Place(folder.resolve(), quick)


def waybill(*words: str) -> None:
    """Run our own command; its progress goes to standard error."""
    subprocess.run([Path(sys.executable).with_name("waybill"), *words], check=True, stdout=subprocess.DEVNULL)
