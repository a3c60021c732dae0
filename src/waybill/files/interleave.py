"""Columns of texts put together to rows of a file, with what stands between two cells: one gather of pieces.

All values and what may stand between them are laid end to end as one array of pieces, and the rows are
one `take` from it: the pieces of each row in their order. That is faster than joining strings, which
handles every piece twice, and a cell that is empty, quoted or marked costs no more than another
(docs/decisions/0002).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from waybill.files.text_cells import bytes_of, offsets_of

Array = Any
"""A pyarrow array; its stubs type neither compute results nor buffers tightly enough to be of help."""

Forms = int | npt.NDArray[np.int32]
"""What stands around the cells of a column: one form for all, or one for each."""


class Interleave:
    """Makes rows of cells of several forms: 0 is an empty cell, whose value is not used; the last is no cell.

    between: what stands between a cell of one form and the next cell's. Before the first cell of a row and
    after its last one stands the form `forms - 1`.
    """

    def __init__(self, forms: int, between: Callable[[int, int], str]) -> None:
        self._forms = forms
        texts = [between(left, right) for left in range(forms) for right in range(forms)]
        self._gaps: Array = pa.array([*texts, ""])  # at left * forms + right; then the value of an empty cell
        self._lengths = np.diff(offsets_of(self._gaps))

    def rows(
        self, values: Sequence[Array], forms: Sequence[Forms]
    ) -> tuple[memoryview, npt.NDArray[np.int32]]:
        """The rows in UTF-8: row i is the bytes from place i to place i + 1 of the second value."""
        count, edge = len(values[0]), self._forms - 1
        gaps = [left * self._forms + right for left, right in pairwise([edge, *forms, edge])]
        skip = int(isinstance(gaps[0], int) and not self._lengths[gaps[0]])
        places = _places(count, tuple(gap if isinstance(gap, int) else 0 for gap in gaps), skip)
        if not all(isinstance(gap, int) for gap in gaps):
            places = places.copy()
            self._place_varying(places, forms, gaps, skip)
        between = sum(
            int(self._lengths[gap]) * count if isinstance(gap, int) else int(self._lengths[gap].sum())
            for gap in gaps
        )
        pieces = _pieces(values, self._gaps, between, places.size)
        wanted: Array = pa.array(places.reshape(-1))
        joined = pc.take(pieces, wanted, boundscheck=False)
        ends = offsets_of(joined)[:: places.shape[1]]
        return bytes_of(joined), ends - ends[0]

    def _place_varying(
        self, places: npt.NDArray[np.int32], forms: Sequence[Forms], gaps: Sequence[Forms], skip: int
    ) -> None:
        """Set the places that differ from row to row: between cells of several forms, and empty cells."""
        base = len(forms) * len(places)
        for number, gap in enumerate(gaps):
            if not isinstance(gap, int):
                places[:, 2 * number - skip] = gap + base
        for number, form in enumerate(forms):
            if not isinstance(form, int):
                places[form == 0, 2 * number + 1 - skip] = base + len(self._gaps) - 1


def _pieces(values: Sequence[Array], gaps: Array, between: int, taken: int) -> Array:
    """All values and what may stand between them, as one array without nulls.

    between: bytes that are taken from `gaps`. taken: pieces that are taken. Arrow reserves room for what it
    takes by the mean length of all pieces, and would have to grow (and copy) the rows once more. So a filler
    raises the mean; it is never taken.
    """
    held = sum(len(bytes_of(array)) for array in values)
    count = sum(len(array) for array in values) + len(gaps) + 1
    filler = max(0, (held + between) * count // taken + count // 64 - held)
    offsets = pa.py_buffer(np.array([0, filler], np.int32).tobytes())
    pieces = pa.concat_arrays(
        [
            *values,
            gaps,
            pa.StringArray.from_buffers(1, offsets, pa.py_buffer(_zeros(-(-filler >> 20) << 20))),
        ]
    )
    # The place of a null in its column is not used.
    _, offsets, data = pieces.buffers()
    return pa.StringArray.from_buffers(len(pieces), offsets, data)


@lru_cache(maxsize=2)
def _zeros(size: int) -> bytes:
    return bytes(size)


@lru_cache(maxsize=8)
def _places(count: int, gaps: tuple[int, ...], skip: int) -> npt.NDArray[np.int32]:
    """For each of `count` rows the places of its pieces: gap, value, gap, value, ..., gap; the first `skip` left out.

    Almost all chunks of a sheet have as many rows and the same forms, so this is made once for them.
    """
    columns = len(gaps) - 1
    places = np.empty((count, 2 * columns + 1), np.int32)
    places[:, 0::2] = np.array(gaps, np.int32) + columns * count
    places[:, 1::2] = np.arange(columns, dtype=np.int32) * count + np.arange(count, dtype=np.int32)[:, None]
    places = np.ascontiguousarray(places[:, skip:])
    places.flags.writeable = False
    return places
