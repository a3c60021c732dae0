"""Values that were dear to find out, remembered for a while, in bounded memory, for all threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """At most `limit` values, each until its time (seconds since 1970); the oldest makes room first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._values: OrderedDict[Key, tuple[Value, float]] = OrderedDict()

    def recall(self, key: Key, now: float) -> Value | None:
        """The value put for `key`, or None if there is none or its time is over."""
        with self._lock:
            known = self._values.get(key)
            if known is None:
                return None
            value, until = known
            if now < until:
                return value
            del self._values[key]
            return None

    def put(self, key: Key, value: Value, until: float) -> None:
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = (value, until)
            while len(self._values) > self._limit:
                self._values.popitem(last=False)

    def __len__(self) -> int:
        return len(self._values)
