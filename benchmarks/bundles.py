"""A personal data export as a job makes it, from request to the last file in a storage sink on loopback.

The sink is a process of its own and is not counted; what a container takes is (hashes, journal, HTTP).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.child import work
from benchmarks.model import Answer, Given
from benchmarks.reports import NOW, Asked, asked, finish
from waybill.delivery.container import Container
from waybill.delivery.locations import StorageRules, parse_location
from waybill.delivery.network import Network
from waybill.export import Produced
from waybill.ingest.practice.contents import open_practice
from waybill.jobs.bundle import Delivery
from waybill.jobs.operations import request_info
from waybill.jobs.table import Job


class _ToSink:
    """The deliveries of one job, into a container of `benchmarks.sink`. url: its SAS URL."""

    def __init__(self, url: str, journal: Path) -> None:
        self._url = url
        self._journal = journal

    def delivery_of(self, job: Job) -> Delivery:
        rules = StorageRules(emulators=(self._url.split("/")[2],))
        (subject,) = next(iter(job.received.values()))
        return Delivery(
            operation=job.guid,
            user_id=subject,
            submitted=job.created,
            request_info=request_info(job.guid, job.tenant, subject, NOW).encode(),
            target=Container(parse_location(self._url, rules), Network()),
            journal=self._journal,
        )

    def delivery_over(self, guid: str) -> None:
        """What was kept goes with the scratch folder."""


def deliver(request: Asked, url: str) -> Produced:
    """The whole work of the job of this request; every file, index page and manifest included, has arrived."""
    return finish(request, open_practice, _ToSink(url, request.scratch / "journal"))


def delivered(given: Given) -> Answer:
    """Rows of all files of records; `size_mb`: of all files."""
    request = asked(given)
    with work() as done:
        made = deliver(request, str(given["sink"]))
    shutil.rmtree(request.scratch)
    rows = sum(one.rows for one in made.counts if "/" in one.name)
    return Answer(rows, made.sha256, done.wall, done.cpu, {"size_mb": made.size / 1e6})
