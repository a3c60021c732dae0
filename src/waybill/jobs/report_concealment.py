"""Conceal a table: pseudonyms for names, zeros for ids, and an order that gives nothing away (graph.md 7)."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from waybill.export import Batches, Table, schema_of

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
PSEUDONYM_BYTES = 16
_BATCH_ROWS = 10_240

Texts = Any
"""An Arrow chunked array of strings; the stubs do not follow what is done to it."""


def pseudonym(key: bytes, value: str) -> str:
    """32 upper-case hex digits: the same for the same value in every report of the key's tenant."""
    return hmac.digest(key, value.encode(), "sha256")[:PSEUDONYM_BYTES].hex().upper()


def concealed(table: Table, key: bytes) -> Table:
    """`table` with its names and ids replaced; nothing else changes but the order of its rows.

    Rows in the order of their real names or ids could be matched with a list of groups, one by
    one: they come in the order of their pseudonyms, those of the ids last. The whole table is held in memory for that.
    """
    if not table.names and not table.ids:
        return table
    return replace(table, rows=lambda: _rows(table, key))


def _rows(table: Table, key: bytes) -> Batches:
    whole = pa.Table.from_batches(list(table.rows()), schema_of(table.columns))
    order: list[Texts] = []
    ties: list[Texts] = []
    for place, column in enumerate(table.columns):
        if column.name in table.names:
            values = _pseudonyms(whole.column(place), key)
            order.append(values)
        elif column.name in table.ids:
            ties.append(_pseudonyms(whole.column(place), key))
            values = _zeros(whole.column(place))
        else:
            continue
        whole = whole.set_column(place, whole.schema.field(place), values)
    if order + ties:
        keys = pa.table({str(place): values for place, values in enumerate(order + ties)})
        whole = whole.take(
            pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])
        )
    yield from whole.combine_chunks().to_batches(max_chunksize=_BATCH_ROWS)


def _pseudonyms(values: Texts, key: bytes) -> Texts:
    """A name that is missing stays missing."""
    known = pc.unique(values)
    hidden = pa.array([pseudonym(key, name) if name else name for name in known.to_pylist()], pa.string())
    return pa.chunked_array([hidden.take(pc.index_in(chunk, known)) for chunk in values.chunks], pa.string())


def _zeros(values: Texts) -> Texts:
    return pc.if_else(pc.is_valid(values), ZERO_GUID, pa.scalar(None, pa.string()))
