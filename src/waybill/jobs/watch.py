"""What a running job tells of itself while it works, and how it learns that it is to stop."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Told of all progress; may raise to stop the work (Cancelled, or the end of this process)."""

    def wrote(self, sheet: str, rows: int) -> None:
        """`rows` more rows go to `sheet` (its English name), or to the file of that path."""

    def delivered(self, files: int, expected: int) -> None:
        """So many files of about `expected` are dealt with, counted from the beginning of the bundle."""
