"""Read a block of clean JSON lines into Arrow columns at once; whatever is odd goes to the reader of single objects.

A block is taken here only where both ways give the same: one object a line, strict UTF-8, keys in the spelling
learned from objects that were read one by one, values of exactly their column's type, readable dates. Anything
else, a text where a number belongs or a key in another letter case, and the whole block is read object by object.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from waybill.ingest.mgdc.convert import WHO_SOURCES, Object, Spellings, Values, cleaned, who_kind, without
from waybill.ingest.mgdc.datasets import ARROW, WHO, WHO_FIELDS, Dataset, Field, Kind
from waybill.ingest.mgdc.dates import read_time

_LEARNED_FROM = 200
"""Objects looked at for the spelling of keys."""

_FIRST_BYTES = 100_000
"""Bytes of the first block looked at for the same."""

_STORED = {**ARROW, Kind.TIME: pa.string()}
_USUAL_TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)$"
_YEAR_2 = pa.scalar(-62_104_060_800_000_000, pa.timestamp("us"))
"""The year 2 begins; what is before may be .NET's "no date"."""


_WHO_KNOWN = frozenset(name.lower() for names in WHO_SOURCES for name in names)


class _OddBlockError(Exception):
    """This block is for the reader of single objects."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How columns are found. outer: the key each field is read from; who: the keys of a person's struct."""

    outer: tuple[str, ...]
    inner: Mapping[str, str]  # by field name: the member's key
    who: tuple[str, ...]
    schema: Any


class Bulk:
    """The columns of one dataset. `unknown` counts, as the converter does, the columns that no published schema has."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._names = [tuple(s.split(".")[0].lower() for s in field.sources) for field in dataset.fields]
        self._keys: dict[str, None] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._plan: _Plan | None = None
        self.unknown: Counter[str] = Counter()

    def learn(self, objects: Sequence[Object]) -> None:
        """How this dataset spells its keys."""
        for found in objects[:_LEARNED_FROM]:
            for key, value in found.items():
                self._keys.setdefault(key)
                for entry in value if isinstance(value, list) else (value,):
                    if isinstance(entry, dict):
                        self._members.setdefault(key, {}).update(dict.fromkeys(entry))
        self._plan = self._planned()

    def columns(self, block: bytes) -> dict[str, Values] | None:
        """The columns by name of a block of whole lines, a row a line; None if the block is not clean."""
        try:
            text, rows = _lines(block)
            if self._plan is None:
                self._plan = self._first(text)
            table = _parsed(text, rows, self._plan.schema)
            counted = self._checked(table, text, self._plan)
            made = {
                field.name: self._column(field, _whole(table.column(key)), self._plan)
                for field, key in zip(self._dataset.fields, self._plan.outer, strict=True)
            }
        except (_OddBlockError, pa.ArrowException):
            return None
        self.unknown += counted
        return made

    def _first(self, text: bytes) -> _Plan:
        try:
            found = [orjson.loads(line) for line in text[:_FIRST_BYTES].split(b"\n")[:-1]]
        except orjson.JSONDecodeError:
            raise _OddBlockError from None
        self.learn(found)
        return self._planned()

    def _planned(self) -> _Plan:
        fields = self._dataset.fields
        found = Spellings(self._names, frozenset()).of(self._keys)[0]
        outer = tuple(key or field.sources[0].split(".")[0] for key, field in zip(found, fields, strict=True))
        people = [
            key for key, field in zip(outer, fields, strict=True) if field.kind in (Kind.WHO, Kind.WHOS)
        ]
        spelled = {member: None for key in people for member in self._members.get(key, ())}
        keys = Spellings(WHO_SOURCES, frozenset()).of(spelled)[0]
        who = tuple(key or name for key, name in zip(keys, WHO_FIELDS, strict=True))
        inner: dict[str, str] = {}
        for key, field in zip(outer, fields, strict=True):
            if name := field.sources[0].partition(".")[2]:
                inner[field.name] = (
                    Spellings([(name,)], frozenset()).of(self._members.get(key, {}))[0][0] or name
                )
        return _Plan(outer, inner, who, self._schema(outer, inner, who))

    def _schema(self, outer: Sequence[str], inner: Mapping[str, str], who: Sequence[str]) -> Any:
        person = pa.struct([pa.field(key, one.type) for key, one in zip(who, WHO, strict=True)])
        types: dict[str, Any] = {}
        structs: dict[str, list[Any]] = {}
        for key, field in zip(outer, self._dataset.fields, strict=True):
            if field.name in inner:
                text = pa.string() if field.kind is Kind.TEXTS else _STORED[field.kind]
                structs.setdefault(key, []).append(pa.field(inner[field.name], text))
                struct = pa.struct(structs[key])
                types[key] = pa.list_(struct) if field.kind is Kind.TEXTS else struct
            else:
                types[key] = {Kind.WHO: person, Kind.WHOS: pa.list_(person)}.get(
                    field.kind, _STORED[field.kind]
                )
        return pa.schema(list(types.items()))

    def _checked(self, table: Any, text: bytes, plan: _Plan) -> Counter[str]:
        """Only keys whose meaning is sure; the unknown ones, counted."""
        strange: list[tuple[str, str]] = []  # as told, key
        for name in table.column_names:
            if name not in plan.outer:
                self._sure(name, table, plan)
                if (
                    not any(name.lower() in names for names in self._names)
                    and name.lower() not in self._dataset.ignored
                ):
                    strange.append((name, name))
        for field, key in zip(self._dataset.fields, plan.outer, strict=True):
            members = [one.name for one in _struct(table.schema.field(key).type)]
            if field.name in plan.inner:
                taken = plan.inner[field.name]
                if any(one != taken and one.lower() == taken.lower() for one in members):
                    raise _OddBlockError
            elif field.kind in (Kind.WHO, Kind.WHOS):
                extra = [one for one in members if one not in plan.who]
                if any(one.lower() in _WHO_KNOWN for one in extra):
                    raise _OddBlockError
                strange += [(f"{field.name}.{one}", one) for one in extra]
        return _counts(strange, table.schema, text)

    def _sure(self, name: str, table: Any, plan: _Plan) -> None:
        """A second key for a field is passed over only where every object has the first."""
        for names, key in zip(self._names, plan.outer, strict=True):
            if name.lower() in names:
                chosen = names.index(key.lower())
                if chosen >= names.index(name.lower()) or table.column(key).null_count:
                    raise _OddBlockError

    def _column(self, field: Field, found: Any, plan: _Plan) -> Values:
        if field.name in plan.inner:
            key = plan.inner[field.name]
            if field.kind is Kind.TEXTS:
                values = _member(found.values, key)
                if values.null_count:
                    raise _OddBlockError
                return pa.ListArray.from_arrays(found.offsets, values, mask=found.is_null())
            found = _member(found, key)
        if field.kind is Kind.WHOS:
            people = _people(found.values, plan.who)
            return pa.ListArray.from_arrays(found.offsets, people, type=ARROW[Kind.WHOS])
        if field.kind is Kind.WHO:
            return _people(found, plan.who)
        return _plain(field.kind, found)


def _lines(block: bytes) -> tuple[bytes, int]:
    """The block as one object a line, and how many. Raises _OddBlockError if a line does not begin and end as an object.

    JSON allows no line break inside a text, so nothing else changes where a line's end is spelled otherwise;
    and where every line is `{...}` and as many objects are found as there are lines, each line is one.
    """
    if not block.endswith(b"\n"):
        block += b"\n"
    rows = _objects(block)
    if not rows:
        block = block.replace(b"\r\n", b"\n").replace(b"},\n", b"}\n")
        rows = _objects(block)
        if not rows:
            raise _OddBlockError
    # Halves of surrogate pairs: JSON text may spell them, UTF-8 cannot.
    if b"\\" in block and (b"\\ud" in block or b"\\uD" in block):
        raise _OddBlockError
    if not block.isascii():
        pa.array([block], pa.binary()).cast(pa.string())  # raises where it is no UTF-8
    return block, rows


def _objects(block: bytes) -> int:
    """How many lines there are; 0 unless every one begins and ends with a brace."""
    start, whole, lines = 0, len(block), 0
    while start < whole:
        # Looking for one byte is an order of magnitude faster than for two, and lines are long.
        end = block.find(b"\n", start)
        if block[start] != 0x7B or block[end - 1] != 0x7D:
            return 0
        start = end + 1
        lines += 1  # counted on the way: the interpreter's own count takes as long as unpacking does
    return lines


def _parsed(text: bytes, rows: int, schema: Any) -> Any:
    table = pj.read_json(
        pa.BufferReader(text),  # type: ignore[arg-type]  # the stubs do not know Arrow's own files
        read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer"),
    )
    if table.num_rows != rows:
        raise _OddBlockError
    return table


def _counts(strange: Sequence[tuple[str, str]], schema: Any, text: bytes) -> Counter[str]:
    """How many objects have each strange key: quotes inside texts are escaped, so `"key":` is always a key."""
    counts: Counter[str] = Counter()
    if strange:
        names = Counter(_names(schema))
        for told, key in strange:
            if names[key] != 1:
                raise _OddBlockError
            counts[told] = len(re.findall(b'"' + re.escape(key.encode()) + rb'"\s*:', text))
    return counts


def _names(fields: Any) -> Iterator[str]:
    for field in fields:
        yield field.name
        yield from _names(_struct(field.type))


def _struct(kind: Any) -> Sequence[Any]:
    """The members of a struct, or of a list of structs; none for anything else."""
    while pa.types.is_list(kind):
        kind = kind.value_type
    return [kind.field(i) for i in range(kind.num_fields)] if pa.types.is_struct(kind) else []


def _whole(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _member(structs: Any, key: str) -> Any:
    """A member's values; NULL where there is no struct."""
    return structs.flatten()[structs.type.get_field_index(key)]


def _people(structs: Any, who: Sequence[str]) -> Values:
    """As the converter makes them: somebody is never NULL, only nothing is known of them."""
    members = structs.flatten()
    arrays = [
        _plain(who_kind(name), members[structs.type.get_field_index(key)])
        for name, key in zip(WHO_FIELDS, who, strict=True)
    ]
    return pa.StructArray.from_arrays(arrays, fields=list(WHO))


def _plain(kind: Kind, values: Any) -> Values:
    """The column as the converter makes it of the same values."""
    return _times(values) if kind is Kind.TIME else cleaned(kind, values)


def _times(values: Any) -> Values:
    """As `read_time` reads them, each different text once. Raises _OddBlockError for what is no date."""
    coded = without(values, "").dictionary_encode()
    texts: Any = coded.dictionary
    if not pc.all(pc.match_substring_regex(texts, _USUAL_TIME)).as_py():
        slowly: Values = _slowly(texts).take(coded.indices)
        return slowly
    micro = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")
    read = micro.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    if pc.any(pc.less(read, _YEAR_2)).as_py():
        read = _slowly(texts)
    times: Values = read.take(coded.indices)
    return times


def _slowly(texts: Any) -> Any:
    try:
        return pa.array([read_time(text) for text in texts.to_pylist()], pa.timestamp("us"))
    except (ValueError, OverflowError):
        raise _OddBlockError from None
