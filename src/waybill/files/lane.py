"""One thread that runs calls in order, so that deflating and making XML overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec

P = ParamSpec("P")


class Lane:
    """Calls run one after another in one thread; at most `depth` are waiting, so memory stays bounded.

    An error of a call comes out of a later `put` or `finish`; the lane must then be stopped.
    """

    def __init__(self, name: str, depth: int = 2) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._depth = depth
        self._waiting: deque[Future[None]] = deque()

    def put(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Queue a call; waits for the oldest one while `depth` are queued."""
        while len(self._waiting) >= self._depth:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(call, *args, **kwargs))

    def finish(self) -> None:
        """Wait until everything queued has run."""
        while self._waiting:
            self._waiting.popleft().result()

    def stop(self) -> None:
        """End the thread: the running call is waited for, queued ones are dropped. May be called again."""
        self._waiting.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)
