"""Names of a person's own files inside a bundle: as they are, unless a blob or a disk cannot have them.

A path is kept unless a segment of it is empty, `.` or `..`, ends in a dot or blank, holds a backslash,
control character or half of a surrogate pair, or is too long. Such a segment is made safe and marked
with `~` and 16 hexadecimal digits of the SHA-256 of the path up to and including it; a name that looks
marked is marked too. So two paths never become one, and a path's name does not depend on its siblings.
"""

from __future__ import annotations

import hashlib
import re

FILES = "50/Files/"

_LONGEST_BLOB = 1024  # UTF-16 units of a blob's name: Azure counts at least code points
_LONGEST_SEGMENT = 240  # bytes of UTF-8: disks allow 255
_MOST_SEGMENTS = 200  # Azure allows 254
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\\\\\ud800-\udfff\ufffe\uffff]")
_MARKED = re.compile(r"~[0-9a-f]{16}(\.[^.]*)?\Z")
_LONGEST_ENDING = 20


def delivered_path(path: str, copy: int = 1) -> str:
    """The place in the bundle of the file at `path` of the OneDrive. `copy` counts from 1 the files that
    a source tells under one and the same path."""
    segments = path.split("/")
    kept = [_segment("/".join(segments[: n + 1]), text) for n, text in enumerate(segments)]
    if copy > 1:
        kept[-1] = _marked(kept[-1], f"copy {copy} of {path}")
    name = FILES + "/".join(kept)
    if len(kept) > _MOST_SEGMENTS or len(name.encode("utf-16-le")) // 2 > _LONGEST_BLOB:
        return FILES + _marked(kept[-1], f"whole {copy} of {path}")
    return name


def _segment(upto: str, text: str) -> str:
    safe = _UNSAFE.sub("_", text).rstrip(". ")
    if text and safe == text and not _MARKED.search(text) and len(text.encode()) <= _LONGEST_SEGMENT:
        return text
    return _marked(safe, upto)


def _marked(safe: str, told: str) -> str:
    """`May.docx` -> `May~0123456789abcdef.docx`, cut to a segment's length."""
    stem, dot, ending = safe.rpartition(".")
    if not stem or len(ending.encode()) > _LONGEST_ENDING:
        stem, dot, ending = safe, "", ""
    mark = "~" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    room = _LONGEST_SEGMENT - len(mark) - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + mark + dot + ending
