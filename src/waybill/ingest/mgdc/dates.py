"""Read the dates of MGDC files, the malformed ones of the published samples included (tenant-data.md 1.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_FORM = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ]0*?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?\s*",
    re.IGNORECASE,
)
_NONE_YEAR = 1
"""`0001-01-01` is how .NET spells "no date"."""


def read_time(text: str) -> datetime | None:
    """UTC without zone; None for .NET's "no date". Raises ValueError ("not a date") for anything else.

    Takes three-digit hours (`T010:39:19Z` is 10 o'clock), any number of decimals, offsets, dates alone.
    """
    usual = len(text) == 20 and text[19] in "Zz" and text[10] in "Tt"
    try:
        found = datetime.fromisoformat(text[:19]) if usual else _read_odd(text)
    except (ValueError, OverflowError):
        raise ValueError("not a date") from None
    return None if found.year == _NONE_YEAR else found


def _read_odd(text: str) -> datetime:
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError("not a date")
    year, month, day = int(form[1]), int(form[2]), int(form[3])
    hour, minute, second = int(form[4] or 0), int(form[5] or 0), int(form[6] or 0)
    micro = int((form[7] or "0")[:6].ljust(6, "0"))
    naive = datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001  (snapshots hold UTC without zone)
    zone = form[8]
    if not zone or zone in "Zz" or year == _NONE_YEAR:
        return naive
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    shifted = naive.replace(tzinfo=timezone(offset if zone[0] == "+" else -offset))
    return shifted.astimezone(UTC).replace(tzinfo=None)
