"""Looks at jobs from the event loop, those of one turn of the loop by one read.

A read lets the interpreter's lock go several times, and each time another thread takes it: under many
requests that costs more than the read. So what is asked for together is read together (docs/performance.md).
"""

from __future__ import annotations

import asyncio

from waybill.api.services import Jobs
from waybill.jobs.table import Job

_Answers = list[asyncio.Future[Job | None]]


class Glances:
    """Keeps nothing from one turn of the loop to the next: what it tells was read after it was asked for."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._asked: dict[tuple[str, int], _Answers] = {}

    async def job(self, tenant: str, number: int) -> Job | None:
        """The tenant's job of that number as it stands; None: ask `Jobs.get` in a thread, there may be none."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._look)
        answer = loop.create_future()
        self._asked.setdefault((tenant, number), []).append(answer)
        job: Job | None = await answer
        return job

    def _look(self) -> None:
        asked, self._asked = self._asked, {}
        try:
            found = self._jobs.glance(tuple(asked))
        except Exception:  # noqa: BLE001  # whoever asks in a thread is told what is wrong
            found = {}
        for key, answers in asked.items():
            for answer in answers:
                if not answer.done():  # its client has left
                    answer.set_result(found.get(key))
