"""How long to wait for storage and how often to try again: frozen values that tests make small."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds.

    tries: of one call, the first among them. first_wait doubles up to longest_wait between them; a
    Retry-After is honoured up to longest_wait.
    connect: until a connection stands. silence: while no byte goes out or comes in. whole: one try of a call,
    whatever drips in. lookups: tries of finding the host's address. all: the checks of one storageLocation
    together, its name's lookup included.
    """

    tries: int = 8
    first_wait: float = 0.5
    longest_wait: float = 30
    connect: float = 10
    silence: float = 60
    whole: float = 300
    lookups: int = 8
    all: float = 3600
    sleep: Sleep = asyncio.sleep

    def wait_before(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait before try number `attempt` (the first is 1, which is never waited for)."""
        backoff: float = min(self.longest_wait, self.first_wait * 2 ** (attempt - 2))
        return backoff if retry_after is None else min(self.longest_wait, max(backoff, retry_after))


IN_THE_BACKGROUND = Patience()
"""For a delivery: it may outlast a minute of trouble."""
WHILE_THE_CALLER_WAITS = Patience(
    tries=3, first_wait=0.3, longest_wait=3, connect=5, silence=10, whole=15, lookups=1, all=45
)
"""For checking a storageLocation: the client's own request is open meanwhile."""
