"""Times as Excel counts them: days since its day 0 with a fraction, as decimal text, whole columns at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from waybill.files import digits
from waybill.files.text_cells import texts

_DAY_US = 86_400_000_000
_EPOCH = 25_569  # Excel's number of 1970-01-01
_FIRST_US = -25_508 * _DAY_US  # 1900-03-01
_LAST_US = 2_932_897 * _DAY_US - 1_000  # 9999-12-31 23:59:59.999: readers round to it, not past it

_DIGITS = 11
"""Digits of the fraction: steps of 0.9 microseconds, as fine as a double is for a day of our time."""
_SHORTEST, _LONGEST = 10_000, 99_999  # days of five digits: 1927 to 2173
_MOMENT = np.dtype(
    {
        "names": ["day", "first", "point", "middle", "last"],
        "formats": ["S5", "u4", "S1", "u4", "u4"],
        "offsets": [0, 5, 5, 9, 13],
    }
)
"""45678.12345678901; the first of the four digits after the day is never but 0, and the point stands over it."""

_MANY = 4_096
"""So many rows are worth the table of days: 1 ms, once."""

Array = Any
"""A pyarrow array; its stubs type neither compute results nor buffers tightly enough to be of help."""


def serials(column: Array) -> tuple[Array, npt.NDArray[np.bool_] | None]:
    """A timestamp[us] column as Excel's numbers, and the rows that have none (None: all have one).

    Such a row, and no other, is an ISO text. What stands for a null is of no meaning.
    """
    micros = column.view(pa.int64())
    if column.null_count:
        micros = pc.fill_null(micros, 0)
    numbers = micros.to_numpy()
    low, high = (numbers.min(), numbers.max()) if len(numbers) else (0, 0)
    unknown = None
    if low < _FIRST_US or high > _LAST_US:
        unknown = (numbers < _FIRST_US) | (numbers > _LAST_US)
        numbers = np.where(unknown, 0, numbers)
    days = numbers // _DAY_US
    rest = numbers - days * _DAY_US
    days += _EPOCH
    values = _decimals(days, rest)
    if unknown is not None:
        values = pc.if_else(pa.array(unknown), _iso(column), values)
    return values, unknown


def _decimals(days: npt.NDArray[np.int64], rest: npt.NDArray[np.int64]) -> Array:
    """Days and microseconds of a day as decimal numbers. A row's text depends on that row alone."""
    midnight = rest == 0
    five = bool(days.min() >= _SHORTEST and days.max() <= _LONGEST) if len(days) else False
    if midnight.all():
        return (
            digits.array_of(digits.five_digits().take(days - _SHORTEST))
            if five and len(days) >= _MANY
            else _text(days)
        )
    fractions = (rest * 125 + 54) // 108  # rest * 10**11 / _DAY_US, rounded
    if five and len(days) >= _MANY:
        values = _moments(days, fractions)
    elif five:
        # All digits at once as one long number, whose digit between day and fraction becomes the point.
        values = _with_point(days * 10 ** (_DIGITS + 1) + fractions, 5, _DIGITS)
    else:
        values = pc.binary_join_element_wise(
            _text(days), _with_point(fractions + 10**_DIGITS, 0, _DIGITS), ""
        )
    if midnight.any():
        values = pc.if_else(pa.array(midnight), _text(days), values)
    return values


def _moments(days: npt.NDArray[np.int64], fractions: npt.NDArray[np.int64]) -> Array:
    """Days of five digits with their fractions, by tables."""
    first = fractions // 10**8
    rest = fractions - first * 10**8
    middle = rest // 10**4
    four = digits.four_digits()
    made = np.empty(len(days), _MOMENT)
    made["day"] = digits.five_digits().take(days - _SHORTEST)
    made["first"] = four.take(first)
    made["point"] = b"."
    made["middle"] = four.take(middle)
    made["last"] = four.take(rest - middle * 10**4)
    return digits.array_of(made)


def _text(numbers: npt.NDArray[np.int64]) -> Array:
    return pa.array(numbers).cast(pa.string())


def _with_point(numbers: npt.NDArray[np.int64], before: int, after: int) -> Array:
    """The numbers as text, with a point in place of the digit that `before` and `after` digits stand around."""
    text = _text(numbers)
    _, offsets, data = text.buffers()
    length = before + 1 + after
    digits = bytearray(memoryview(data)[: len(text) * length])
    digits[before::length] = b"." * len(text)
    return pa.StringArray.from_buffers(len(text), offsets, pa.py_buffer(digits))


def _iso(column: Array) -> Array:
    # Beyond the years it knows Arrow says "<value out of range: ...>", which is escaped like any text.
    return texts(pc.replace_substring_regex(column.cast(pa.string()), r"\.000000$", "")).values
