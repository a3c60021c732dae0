"""Split a stream of bytes into JSON objects, however they are glued, wrapped or damaged.

JSON lines take the fast path: one parse per line. Whatever is no readable object comes out as a
piece with a reason; nothing is dropped, and one damaged object does not take its neighbours along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

LONGEST_OBJECT = 64 * 1024 * 1024
"""Bytes one object may have. A link with 5,000 invitees has about 2 MB."""

_LONG_LINE = 1024 * 1024
"""A line longer than this is not waited for: it is scanned piece by piece."""

_KEEP = 1200
"""Bytes kept of a piece that is no object: 300 characters of at most 4 bytes."""

_BOM = b"\xef\xbb\xbf"
_BETWEEN = re.compile(rb"(?:[ \t\r,\[\]\x1e]|\xef\xbb\xbf)*")  # array punctuation and record separators too
_STOP = re.compile(rb"[{\n]")
_TOKEN = re.compile(rb'["{}\[\]]')
_STRING = re.compile(rb'[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"')


class Piece(NamedTuple):
    """One object, or (with `reason`) something that is none. `line` counts from 1."""

    line: int
    raw: bytes
    found: dict[str, Any] | None
    reason: str
    lenient: bool = False


class _Broken(Exception):
    """The object at hand cannot be one. `resume`: where the next may begin, if it is all one line."""

    def __init__(self, reason: str, resume: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.resume = resume


class Splitter:
    """Feed it chunks of any size; it yields pieces. `finish` yields what the last chunk left."""

    def __init__(self, longest: int = LONGEST_OBJECT) -> None:
        self._longest = longest
        self._data = b""
        self._at = 0  # everything before is done
        self._line = 1
        self._glued = False  # this line is not one object: scan it
        self._stack = bytearray()  # open brackets of the object that begins at _at
        self._scan = 0  # how far that object is scanned
        self._junk = False  # in a piece that was reported already

    @property
    def between(self) -> bool:
        """Whether the next chunk begins a line, with nothing left over from the lines before."""
        return self._at >= len(self._data) and not (self._glued or self._stack or self._junk)

    @property
    def line(self) -> int:
        """The number of the line that comes next, where `between` holds."""
        return self._line

    def passed(self, lines: int) -> None:
        """So many lines were read elsewhere."""
        self._line += lines

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        self._data = self._data[self._at :] + chunk
        self._scan -= self._at
        self._at = 0
        return self._pieces(final=False)

    def finish(self) -> Iterator[Piece]:
        return self._pieces(final=True)

    def _pieces(self, *, final: bool) -> Iterator[Piece]:
        while self._at < len(self._data):
            if not self._glued:
                end = self._data.find(b"\n", self._at)
                if end < 0 and (final or len(self._data) - self._at > _LONG_LINE):
                    self._glued = True
                elif end < 0:
                    return
                else:
                    text = self._data[self._at : end].strip(b" \t\r,")
                    if text.startswith(b"{"):
                        try:
                            yield Piece(self._line, text, orjson.loads(text), "")
                        except orjson.JSONDecodeError:
                            self._glued = True
                    elif text:
                        self._glued = True
                    if not self._glued:
                        self._at = end + 1
                        self._line += 1
            else:
                before = self._at
                piece = self._scanned(final)
                if piece is not None:
                    yield piece
                elif self._at == before:
                    return

    def _scanned(self, final: bool) -> Piece | None:
        """The next piece, or None: something was skipped (`_at` moved) or more bytes are needed."""
        if not self._stack:
            found = _BETWEEN.match(self._data, self._at)
            self._at = found.end() if found else self._at
            rest = self._data[self._at : self._at + 3]
            if not rest or (not final and len(rest) < 3 and _BOM.startswith(rest)):
                return None
            if rest[:1] == b"\n":
                self._at += 1
                self._line += 1
                self._glued = self._junk = False
                return None
            if rest[:1] != b"{":
                return self._skip_junk(final)
            self._junk = False
            self._stack.append(rest[0])
            self._scan = self._at + 1
        try:
            if not self._complete(final):
                return None
            raw = self._data[self._at : self._scan]
            return self._take(self._scan, parse(self._line, raw))
        except _Broken as broken:
            newline = self._data.find(b"\n", self._at, max(broken.resume, self._at))
            resume = newline if newline >= 0 else broken.resume
            return self._take(
                resume,
                Piece(self._line, self._data[self._at : min(resume, self._at + _KEEP)], None, broken.reason),
            )

    def _take(self, end: int, piece: Piece) -> Piece:
        """Hand out `piece` and go on at `end`."""
        self._line += self._data.count(b"\n", self._at, end)
        self._at = end
        self._stack.clear()
        return piece

    def _skip_junk(self, final: bool) -> Piece | None:
        """Step over bytes that begin no object; reported once, however long they are."""
        found = _STOP.search(self._data, self._at)
        if not found and not final and len(self._data) - self._at <= _LONG_LINE:
            return None
        start, end = self._at, found.start() if found else len(self._data)
        self._at = end
        known, self._junk = self._junk, True
        return (
            None
            if known
            else Piece(self._line, self._data[start : min(end, start + _KEEP)], None, "not a JSON object")
        )

    def _complete(self, final: bool) -> bool:
        """Scan on in the object at `_at`. True: `_scan` is its end. Raises _Broken."""
        data, stack = self._data, self._stack
        while True:
            found = _TOKEN.search(data, self._scan)
            if found is None:
                self._scan = len(data)
                return self._wait(final)
            place, token = found.start(), data[found.start()]
            if token == 0x22:
                text = _STRING.match(data, place + 1)
                if text is None:
                    newline = data.find(b"\n", place)
                    if newline >= 0:
                        raise _Broken("a text is not closed on its line", newline)
                    self._scan = place
                    return self._wait(final)
                self._scan = text.end()
            elif token in b"{[":
                if token == 0x7B and not _may_open(data, place, stack[-1]):
                    raise _Broken("a closing brace is missing before the next object", place)
                stack.append(token)
                self._scan = place + 1
            else:
                if stack[-1] != token - 2:  # ASCII: { and }, [ and ] are two apart
                    raise _Broken("its brackets do not match", place + 1)
                stack.pop()
                self._scan = place + 1
                if not stack:
                    return True

    def _wait(self, final: bool) -> bool:
        if final:
            raise _Broken("cut off at the end of the file", len(self._data))
        if len(self._data) - self._at > self._longest:
            raise _Broken(f"longer than {self._longest} bytes", len(self._data))
        return False


def _may_open(data: bytes, place: int, within: int) -> bool:
    """Whether JSON allows `{` at `place`: in an object after `:`, in an array after `[` or `,`."""
    place -= 1
    while data[place] in b" \t\r\n":
        place -= 1
    return data[place] == 0x3A if within == 0x7B else data[place] in b"[,"


def parse(line: int, raw: bytes) -> Piece:
    """Parse one balanced object: strictly, else leniently (bad UTF-8, NaN, lone surrogates), else a reason."""
    try:
        return Piece(line, raw, orjson.loads(raw), "")
    except orjson.JSONDecodeError as error:
        reason = str(error)
    try:
        found = json.loads(raw.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return Piece(line, raw[:_KEEP], None, f"not valid JSON: {reason}")
    return Piece(line, raw, found, "", lenient=True)
