"""Names of delivered files: safe for blobs and disks, and never two files under one."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from waybill.exports.person_paths import FILES, delivered_path

_AWKWARD = st.text(st.sampled_from("ab.~ \\\x00\n\x85\ud800é漢/0") | st.characters(), max_size=12)
_PATHS = st.lists(_AWKWARD | st.just("x" * 300) | st.just("漢" * 200), min_size=1, max_size=8).map("/".join)


def _is_safe(name: str) -> bool:
    segments = name.split("/")
    return (
        len(name.encode("utf-16-le")) // 2 <= 1024
        and len(segments) <= 254
        and not re.search("[\x00-\x1f\x7f-\x9f\\\\\ud800-\udfff\ufffe\uffff]", name)
        and all(s and s.rstrip(". ") == s and len(s.encode()) <= 255 for s in segments)
    )


@settings(deadline=None, database=None, derandomize=True, max_examples=400)
@given(_PATHS, st.integers(1, 3))
def test_any_path_gets_a_safe_name(path: str, copy: int) -> None:
    """Whatever a OneDrive or a damaged source calls a file, a blob and a disk can hold its delivered name."""
    name = delivered_path(path, copy)
    assert name.startswith(FILES)
    assert _is_safe(name)
    assert delivered_path(path, copy) == name


@settings(deadline=None, database=None, derandomize=True, max_examples=400)
@given(st.sets(st.tuples(_PATHS, st.integers(1, 3)), max_size=6))
def test_two_files_never_get_one_name(files: set[tuple[str, int]]) -> None:
    """Different paths and copies have different names."""
    assert len({delivered_path(path, copy) for path, copy in files}) == len(files)


def test_ordinary_names_are_kept() -> None:
    """Blanks, `#`, `%`, quotes and any script stay as they are."""
    for path in ("Documents/Trips/May 1.docx", "100 % #1 'final'.xlsx", "契約/عقد.pdf", ".profile", "a..b"):
        assert delivered_path(path) == FILES + path


def test_a_changed_name_cannot_be_forged() -> None:
    """A file whose own name looks like a changed one is changed as well."""
    changed = delivered_path("a.").removeprefix(FILES)
    assert re.fullmatch(r"a~[0-9a-f]{16}", changed)
    assert delivered_path(changed) != FILES + changed
    assert re.fullmatch(r"50/Files/a_b~[0-9a-f]{16}\.txt", delivered_path("a\\b.txt"))


def test_a_folder_keeps_its_files_together() -> None:
    """A folder whose name must change has one new name for all its files."""
    one, two = (delivered_path(f"trips./{n}.txt").rsplit("/", 1)[0] for n in (1, 2))
    assert one == two
