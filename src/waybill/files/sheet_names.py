"""Names of sheets as Excel takes them: legal, at most 31 characters, and no two alike in any letter case."""

from __future__ import annotations

import re

NAME_LIMIT = 31
"""UTF-16 units of a sheet name."""

# Excel refuses these; the others cannot stand in XML.
_FORBIDDEN = re.compile("[][:*?/\\\\\x00-\x1f\ufffe\uffff]")
_RESERVED = "history"


def _cut(text: str, units: int) -> str:
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


class SheetNames:
    """Hands out names for the sheets of one workbook; each is given once."""

    def __init__(self) -> None:
        self._given = {_RESERVED}

    def take(self, wanted: str, part: int = 1) -> str:
        """A legal, unused name close to `wanted`; part 2 of it is "wanted (2)", and so on."""
        base = _FORBIDDEN.sub("_", wanted).strip().strip("'") or "Sheet"
        number = part
        while True:
            suffix = f" ({number})" if number > 1 else ""
            name = _cut(base, NAME_LIMIT - len(suffix)).rstrip("'") + suffix
            if name.casefold() not in self._given:
                self._given.add(name.casefold())
                return name
            number += 1
