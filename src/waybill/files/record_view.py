"""Records as people read them: the first ones of a file as a list or a table, their values in words.

Everything here is bounded: the records that are kept, the length of a value, the bytes of a view.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from typing import Any

from waybill.export import Wording

SHOWN = 100
"""Records of a file that are shown."""
_LONGEST = 400
"""Characters of a value that are shown."""
_COLUMNS = 8
"""With more than so many, only the main ones get a column each."""
_MAIN = 4

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(\.\d+)?Z", re.ASCII)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

Record = tuple[datetime, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sample:
    """The first records of a file, at most `SHOWN`, and how they are shown."""

    wording: Wording
    rows: list[Mapping[str, Any]]


def keeping_first(rows: Iterator[Record], sample: Sample) -> Iterator[Record]:
    """The same rows; the members of the first are kept in `sample` on their way."""
    for row in rows:
        if len(sample.rows) < SHOWN:
            sample.rows.append(row[1])
        yield row


def view(sample: Sample, total: int, path: str, most: int) -> Iterator[str]:
    """The sample as HTML, and how many records of all `total` the file at `path` has beyond it.

    It ends after the record that goes beyond `most` bytes.
    """
    shown = 1
    if total == 1 and sample.rows:
        yield from _list(sample.rows[0], sample.wording)
    else:
        shown = yield from _table(sample, most)
    if total > shown:
        yield f'<p class="small">… and {total - shown:,} more in {isolated(path)}.</p>\n'


def isolated(text: str) -> str:
    """A text from the tenant, escaped; <bdi> keeps characters that turn the direction of writing within it."""
    return f"<bdi>{escape(text)}</bdi>"


def plain_time(moment: datetime) -> str:
    """A time as people read it, in UTC; a naive one is UTC."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return f"{utc:%Y-%m-%d %H:%M} UTC"


def in_words(value: Any) -> str:
    """A JSON value in words: "" for null, yes and no, times in plain UTC, objects as "name: value; ..."."""
    text = _in_words(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _in_words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return plain_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = ((str(name), _in_words(inner)) for name, inner in value.items())
        return "; ".join(f"{name}: {inner}" for name, inner in pairs if inner)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(inner for inner in map(_in_words, value) if inner)
    text = str(value)
    stamp = _TIME.fullmatch(text)
    return f"{stamp[1]} {stamp[2]} UTC" if stamp else text


def _label(member: str, wording: Wording) -> str:
    """The words for a member; without any, its name taken apart: "siteName" is "Site name"."""
    known = wording.labels.get(member)
    return known if known is not None else _HUMP.sub(" ", member).capitalize()


def _list(row: Mapping[str, Any], wording: Wording) -> Iterator[str]:
    untold = []
    yield "<dl>\n"
    for member, value in row.items():
        text = in_words(value)
        if text:
            yield f"<dt>{escape(_label(member, wording))}</dt><dd>{isolated(text)}</dd>\n"
        else:
            untold.append(escape(_label(member, wording)))
    yield "</dl>\n"
    if untold:
        yield f'<p class="small">Nothing is held here for: {", ".join(untold)}.</p>\n'


def _table(sample: Sample, most: int) -> Generator[str, None, int]:
    """Returns how many records it shows."""
    rows = [{member: in_words(value) for member, value in row.items()} for row in sample.rows]
    members = dict.fromkeys((*sample.wording.main, *(member for row in rows for member in row)))
    told = [member for member in members if any(row.get(member) for row in rows)]
    main = told
    if len(told) > _COLUMNS:
        main = [member for member in told if member in sample.wording.main] or told[:_MAIN]
    more = [member for member in told if member not in main]
    heads = [escape(_label(member, sample.wording)) for member in main] + ["More"] * bool(more)
    yield "<table>\n<thead><tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr></thead>\n<tbody>\n"
    shown = yield from until(most, (_cells(row, main, more, sample.wording) for row in rows))
    yield "</tbody>\n</table>\n"
    return shown


def _cells(row: Mapping[str, str], main: Sequence[str], more: Sequence[str], wording: Wording) -> str:
    cells = [isolated(row[member]) if row.get(member) else "" for member in main]
    if more:
        pairs = ((_label(member, wording), row.get(member)) for member in more)
        lines = "<br>".join(f"{escape(label)}: {isolated(text)}" for label, text in pairs if text)
        cells.append(f'<span class="small">{lines}</span>')
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"


def until(most: int, pieces: Iterable[str]) -> Generator[str, None, int]:
    """The pieces up to the one that goes beyond `most` bytes of UTF-8; returns how many."""
    size = shown = 0
    for piece in pieces:
        yield piece
        shown += 1
        size += len(piece.encode("utf-8", "replace"))
        if size > most:
            break
    return shown
