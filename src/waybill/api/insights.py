"""The Insights export API: exports that start jobs, their status and their file (insights.md 1.2 to 1.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anyio.to_thread import run_sync
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from waybill.api import openapi
from waybill.api.access import authorize, authorize_at_once
from waybill.api.bodies import JobAccepted
from waybill.api.direct import Call
from waybill.api.downloads import Download, download_answer
from waybill.api.errors import Problem, error_answer, json_answer, json_text_answer
from waybill.api.glances import Glances
from waybill.api.job_status import status_text
from waybill.api.kept import Kept
from waybill.api.services import Services
from waybill.api.urls import Pattern, query_values
from waybill.api.visit import visit_of
from waybill.errors import NotFound
from waybill.export import Export, Family, Received, Where
from waybill.jobs.table import Job
from waybill.settings import Settings

SCOPE = "insights.graph.readwrite.all"
STATUS_PATH = "/insights/job/{jobId}/exportstatus"
FILE_PATH = "/insights/job/{jobId}/exportfile"
_JOB_NUMBER = re.compile(r"[0-9]{1,9}")  # fits the 32-bit column of any database


def insights_catalog(catalog: tuple[Export, ...]) -> tuple[Export, ...]:
    """The exports of this family."""
    return tuple(export for export in catalog if export.family is Family.INSIGHTS)


def insights_patterns(catalog: tuple[Export, ...]) -> tuple[Pattern, ...]:
    """The canonical paths of this family, for the edge to bring raw paths to."""
    exports = tuple(
        Pattern(
            export.path,
            frozenset(one.wire for one in export.fields if one.where is Where.PATH and not one.required),
        )
        for export in insights_catalog(catalog)
    )
    return (*exports, Pattern(STATUS_PATH), Pattern(FILE_PATH))


@dataclass(frozen=True, slots=True)
class InsightsRoutes:
    """What is served, and what OpenAPI tells of it. The job calls are `direct`: a GET of theirs needs no router."""

    served: list[BaseRoute]
    described: list[APIRoute]
    direct: Mapping[str, Call]


def insights_routes(catalog: tuple[Export, ...], services: Services, settings: Settings) -> InsightsRoutes:
    """One GET route per Insights export, and the two job calls. No export is known by its name."""
    names = frozenset(one.name for one in insights_catalog(catalog))
    face = _Face(
        services,
        names,
        Glances(services.jobs),
        texts=Kept(lambda job: status_text(job, plain=settings.plain_status)),
        downloads=Kept(lambda job: Download(services.jobs.file_of(job), job.size, job.sha256, job.file_name)),
    )
    limits = f"{settings.jobs_per_tenant} jobs of a tenant run at once, others wait"
    exports = [
        openapi.export_route(export, face.start(export), limits) for export in insights_catalog(catalog)
    ]
    direct: dict[str, Call] = {STATUS_PATH: face.status, FILE_PATH: face.file}
    return InsightsRoutes(
        served=[*exports, *(Route(path, call) for path, call in direct.items())],  # GET and HEAD
        described=[
            *exports,
            openapi.status_route(STATUS_PATH, face.status, SCOPE),
            openapi.file_route(FILE_PATH, face.file, SCOPE),
        ],
        direct=direct,
    )


def received(export: Export, values: Mapping[str, str], query: Mapping[str, tuple[str, ...]]) -> Received:
    """The declared fields that were sent, under their wire names; anything else is ignored."""
    found: dict[str, tuple[str, ...]] = {}
    for one in export.fields:
        if one.where is Where.PATH:
            sent: tuple[str, ...] = (values[one.wire],) if one.wire in values else ()
        else:
            sent = query.get(one.wire.casefold(), ())
        if sent:
            found[one.wire] = sent
    return found


@dataclass(frozen=True, slots=True)
class _Face:
    """The handlers. What waits for a disk or a lock runs in a thread; the two job calls, which clients repeat
    every few seconds, do not wait, and run on the event loop."""

    services: Services
    names: frozenset[str]
    glances: Glances
    texts: Kept[str]
    downloads: Kept[Download]

    def start(self, export: Export) -> Callable[[Request], Response]:
        """The handler that accepts one job of `export`, pinned to the tenant's latest snapshot."""

        def start_export(request: Request) -> Response:
            values = _path_values(request)
            caller = authorize(request, self.services, export.scope)
            sent = received(export, values, query_values(request.scope["query_string"]))
            asked = export.read(sent)
            open_latest = self.services.ask_latest or self.services.open_latest
            with open_latest(caller.tenant) as facts:
                export.admit(asked, facts)
                job = self.services.jobs.submit(
                    tenant=caller.tenant,
                    export=export.name,
                    received=sent,
                    client_id=caller.client_id,
                    snapshot=facts.snapshot,
                )
            return json_answer(JobAccepted(job_id=str(job.number)))

        return start_export

    async def status(self, request: Request) -> Response:
        """Where a job stands."""
        return json_text_answer(self.texts.of(await self._job(request)))

    async def file(self, request: Request) -> Response:
        """The ZIP of a finished job; a clean refusal, never a part of it, before and after its time."""
        job = await self._job(request)
        download = self.downloads.of(job)
        if not download.path.is_file():
            self.services.jobs.file_of(job)  # raises Gone, and says why
        return download_answer(
            download,
            request.headers,
            lambda text: error_answer(Problem(416, text), visit_of(request.scope)),
        )

    async def _job(self, request: Request) -> Job:
        """The job of the path. Unknown, malformed and other tenants' numbers answer alike."""
        number = _path_values(request)["jobId"]
        caller = await authorize_at_once(request, self.services, SCOPE)
        if not _JOB_NUMBER.fullmatch(number):
            raise _no_such_job()
        key = caller.tenant, int(number)
        try:
            job = await self.glances.job(*key)
            if job is None:
                job = await run_sync(self.services.jobs.get, *key)
        except NotFound as error:
            raise _no_such_job() from error
        if job.export not in self.names:  # operations are jobs too, with numbers of the same row
            raise _no_such_job()
        return job


def _path_values(request: Request) -> Mapping[str, str]:
    """What the edge found in the raw path.

    The router sees a decoded path, so it also takes `/insights%2Fgroups/...`: that is none of ours.
    """
    match = visit_of(request.scope).match
    if match is None:
        raise HTTPException(404)
    return match.values


def _no_such_job() -> NotFound:
    return NotFound(
        "There is no such job.", "Use the jobId that the export call answered, within its tenant."
    )
