"""Turn parsed objects into Arrow batches: keys in any letter case, values of nearly the right type, warnings for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from waybill.ingest.mgdc.datasets import ARROW, WHO, WHO_FIELDS, Dataset, Field, Kind
from waybill.ingest.mgdc.dates import read_time

Object = dict[str, Any]
Values: TypeAlias = "pa.Array[Any]"

_ZERO = "00000000-0000-0000-0000-000000000000"
_MOST_SHAPES = 20_000
_MOST_TIMES = 200_000
WHO_SOURCES = tuple((name, "UserLoginName") if name == "LoginName" else (name,) for name in WHO_FIELDS)
_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})

Warned = tuple[int, str, str]
"""(row in the batch, column, what was wrong)"""


class Spellings:
    """Finds wanted keys in objects whatever their letter case, and remembers each set of keys it has seen."""

    def __init__(self, wanted: Sequence[tuple[str, ...]], known: frozenset[str]) -> None:
        self._wanted = [tuple(name.lower() for name in names) for names in wanted]
        self._known = known.union(*self._wanted)
        self._shapes: dict[tuple[str, ...], tuple[tuple[str | None, ...], tuple[str, ...]]] = {}

    def of(self, found: Object) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
        """(the key as spelled in this object, or None, for each wanted name; keys nobody knows)."""
        shape = tuple(found)
        plan = self._shapes.get(shape)
        if plan is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            lowered = {key.lower(): key for key in reversed(shape)}
            keys = tuple(
                next((lowered[name] for name in names if name in lowered), None) for names in self._wanted
            )
            plan = self._shapes[shape] = keys, tuple(k for k in shape if k.lower() not in self._known)
        return plan


class Converter:
    """Makes batches of one dataset. `unknown` counts the columns that no published schema has."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._outer = Spellings(
            [tuple(source.split(".")[0] for source in field.sources) for field in dataset.fields],
            dataset.ignored,
        )
        self._who = Spellings(WHO_SOURCES, frozenset())
        self._inner = {
            field.name: Spellings([(field.sources[0].split(".")[1],)], frozenset())
            for field in dataset.fields
            if "." in field.sources[0]
        }
        self._times: dict[str, datetime | None] = {}
        self.unknown: Counter[str] = Counter()

    def batch(self, objects: Sequence[Object]) -> tuple[dict[str, Values], list[Warned]]:
        """The columns by name, and what could not be read (NULL stands in its place)."""
        rows = []
        for found in objects:
            keys, strange = self._outer.of(found)
            for key in strange:
                self.unknown[key] += 1
            rows.append([None if key is None else found[key] for key in keys])
        warned: list[Warned] = []
        columns = zip(*rows, strict=True) if rows else ((),) * len(self._dataset.fields)
        return {
            field.name: self._column(field, list(values), warned)
            for field, values in zip(self._dataset.fields, columns, strict=True)
        }, warned

    def _column(self, field: Field, values: list[Any], warned: list[Warned]) -> Values:
        if field.name in self._inner:
            values = [self._member(field.name, value) for value in values]
        if field.kind is Kind.WHOS:
            return self._lists(values, field.name, warned)
        if field.kind is Kind.WHO:
            return self._structs(values, field.name, range(len(values)), warned)
        return self._plain(field.kind, values, field.name, range(len(values)), warned)

    def _member(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [member for entry in value if (member := self._member(name, entry)) is not None]
        if not isinstance(value, dict):
            return None
        key = self._inner[name].of(value)[0][0]
        return None if key is None else value[key]

    def _lists(self, values: list[Any], name: str, warned: list[Warned]) -> Values:
        offsets, flat, rows = [0], [], []
        for row, value in enumerate(values):
            entries = value if isinstance(value, list) else [] if value is None else [value]
            flat += entries
            rows += [row] * len(entries)
            offsets.append(len(flat))
        return pa.ListArray.from_arrays(
            pa.array(offsets, pa.int32()), self._structs(flat, name, rows, warned), type=ARROW[Kind.WHOS]
        )

    def _structs(self, values: list[Any], name: str, rows: Sequence[int], warned: list[Warned]) -> Values:
        table: list[list[Any]] = []
        nobody = [None] * len(WHO_FIELDS)
        for row, value in zip(rows, values, strict=True):
            if not isinstance(value, dict):
                if value is not None:
                    warned.append((row, name, f"not a struct: {value!r:.60}"))
                table.append(nobody)
                continue
            keys, strange = self._who.of(value)
            for key in strange:
                self.unknown[f"{name}.{key}"] += 1
            table.append([None if key is None else value[key] for key in keys])
        columns = zip(*table, strict=True) if table else ((),) * len(WHO_FIELDS)
        arrays = [
            self._plain(who_kind(member), list(column), f"{name}.{member}", rows, warned)
            for member, column in zip(WHO_FIELDS, columns, strict=True)
        ]
        return pa.StructArray.from_arrays(arrays, fields=list(WHO))

    def _plain(
        self, kind: Kind, values: list[Any], name: str, rows: Sequence[int], warned: list[Warned]
    ) -> Values:
        if kind is Kind.TIME:
            values = [self._time(value, name, row, warned) for row, value in zip(rows, values, strict=True)]
        try:
            made: Any = pa.array(values, ARROW[kind])
        except (pa.ArrowException, TypeError, ValueError, OverflowError, UnicodeError):
            read = [_coerced(kind, value, name, row, warned) for row, value in zip(rows, values, strict=True)]
            made = pa.array(read, ARROW[kind])
        return cleaned(kind, made)

    def _time(self, value: Any, name: str, row: int, warned: list[Warned]) -> datetime | None:
        if value is None or value == "":
            return None
        if isinstance(value, str):
            known = self._times.get(value, self)
            if known is not self:
                return known  # type: ignore[return-value]  # self is the mark of "not known", never stored
            try:
                read = read_time(value)
            except (ValueError, OverflowError):
                warned.append((row, name, f"unreadable date {value!r:.60}"))
                return None
            if len(self._times) >= _MOST_TIMES:
                self._times.clear()
            self._times[value] = read
            return read
        warned.append((row, name, f"unreadable date {value!r:.60}"))
        return None


def cleaned(kind: Kind, values: Any) -> Values:
    """GUIDs in lower case without braces; NULL for empty texts and for the GUID that is all zeros."""
    if kind is Kind.GUID:
        lower, trim = (pc.ascii_lower, pc.ascii_trim) if _is_ascii(values) else (pc.utf8_lower, pc.utf8_trim)
        values = without(trim(lower(values), "{} "), _ZERO)
    if kind in (Kind.GUID, Kind.TEXT):
        values = without(values, "")
    array: Values = values
    return array


def _is_ascii(values: Any) -> bool:
    """Whether all that the texts lie in is: then the plain functions, several times as fast, do the same."""
    texts = values.buffers()[2]
    return texts is None or texts.to_pybytes().isascii()


def without(values: Any, mark: str) -> Any:
    """The values, with NULL where `mark` stands."""
    found = pc.equal(values, pa.scalar(mark))
    return pc.if_else(found, None, values) if pc.any(found).as_py() else values


def who_kind(member: str) -> Kind:
    """What a member of a person's struct holds."""
    return Kind.INT if member == "UserCount" else Kind.GUID if member == "AadObjectId" else Kind.TEXT


def _coerced(kind: Kind, value: Any, name: str, row: int, warned: list[Warned]) -> Any:
    """The value as `kind` if it can honestly be read so, else None with a warning."""
    if value is None:
        return None
    read = _READERS[kind](value)
    if read is None and value != "":
        warned.append((row, name, f"not {_WORDS[kind]}: {value!r:.60}"))
    return read


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate has no UTF-8 form
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    exact = not isinstance(value, float) or number == value
    return number if exact and -(2**63) <= number < 2**63 else None


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _texts(value: Any) -> list[str] | None:
    entries: Iterable[Any] = value if isinstance(value, list) else [value]
    return [text for entry in entries if (text := _text(entry)) is not None]


_READERS: Mapping[Kind, Any] = {
    Kind.TEXT: _text, Kind.GUID: _text, Kind.INT: _whole, Kind.BOOL: _truth, Kind.TEXTS: _texts, Kind.TIME: lambda value: value,
}  # fmt: skip
_WORDS = {Kind.TEXT: "a text", Kind.GUID: "a GUID", Kind.INT: "a whole number", Kind.BOOL: "true or false",
          Kind.TEXTS: "a list of texts", Kind.TIME: "a date"}  # fmt: skip
