"""Our own server for the HTTP case, with an empty authenticated endpoint beside it and one large finished file.

Run: `python -m benchmarks.http_server DATA MEGABYTES`; it prints one JSON line (port, pid, secret and job), then serves.
"""

from __future__ import annotations

import benchmarks.alone  # isort: skip  # before anything imports pyarrow

import hashlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from waybill import log
from waybill.api.access import bearer
from waybill.api.direct import Call, Direct
from waybill.api.served import Listening, serve
from waybill.api.urls import Match
from waybill.app import House, open_house
from waybill.identity.apps import AppCredentials
from waybill.identity.tokens import INSIGHTS_AUDIENCE
from waybill.jobs.table import UNFINISHED, Job, job_table
from waybill.settings import Settings

EMPTY, DIRECT, BARE = "/bench/empty", "/bench/direct", "/bench/bare"
INSIGHTS_SCOPE = "insights.graph.readwrite.all"
__all__ = ["EMPTY", "benchmarks"]


def with_empty(house: House) -> ASGIApp:
    """The application with three endpoints more, which verify the token as every call does and answer `{}`.

    EMPTY goes the way of most calls (request ids, canonical path, headers, one log line, routing); DIRECT the way
    of the job calls, which need no routing; BARE is answered before any of that, by four lines of ASGI: what the
    server and the token alone cost.
    """
    verify = house.identity.verifier.verify

    async def empty(request: Request) -> Response:
        verify(bearer(request), INSIGHTS_AUDIENCE)
        return JSONResponse({})

    whole = house.web()
    _add(whole, empty)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != BARE:
            await whole(scope, receive, send)
            return
        token = dict(scope["headers"])[b"authorization"].decode().removeprefix("Bearer ")
        verify(token, INSIGHTS_AUDIENCE)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    return answer


def _add(whole: Any, empty: Call) -> None:
    """The edge keeps what is behind it to itself; a benchmark may look."""
    direct: Direct = whole._app
    routed: Any = direct.app
    routed.router.routes.insert(0, Route(EMPTY, empty))
    whole._app = replace(direct, calls={**direct.calls, DIRECT: empty})
    *others, last = whole._faces
    path, match = DIRECT.encode(), Match(DIRECT, {})
    whole._faces = (*others, replace(last, find=lambda raw: match if raw == path else last.find(raw)))


def finished_job(house: House, tenant: str, megabytes: int, client: str) -> tuple[Job, Path]:
    """A real job, whose file is then made as large as the download is to be."""
    export = house.export("site-permissions")
    with house.open_latest(tenant) as facts:
        received = dict(export.sample(facts))
        job = house.jobs.submit(tenant, export.name, received, client, facts.snapshot)
    while job.state in UNFINISHED:
        time.sleep(0.05)
        job = house.jobs.get(tenant, job.number)
    path = house.jobs.file_of(job)
    block = os.urandom(1 << 20)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(block)
            digest.update(block)
    values = {"size": megabytes << 20, "sha256": digest.hexdigest()}
    with house.control.begin() as control:
        control.execute(sa.update(job_table).where(job_table.c.guid == job.guid).values(values))
    return house.jobs.get(tenant, job.number), path


def main(data: Path, megabytes: int) -> None:
    log.set_up(as_json=True)  # to standard error: standard output is for the harness
    house = open_house(Settings(data=data))
    tenant = house.registry.tenants()[0].id
    credentials: AppCredentials = house.identity.apps.create("benchmark", tenant, (INSIGHTS_SCOPE,))
    house.start_jobs()
    job, path = finished_job(house, tenant, megabytes, credentials.client_id)

    def ready(up: Listening) -> None:
        told = {
            "port": up.port, "pid": os.getpid(), "client": credentials.client_id, "secret": credentials.client_secret,
            "job": job.number, "etag": job.sha256, "file": str(path), "size": job.size, "data": str(data),
        }  # fmt: skip
        print(json.dumps(told), flush=True)

    try:
        serve(with_empty(house), "127.0.0.1", 0, ready)
    finally:
        house.jobs.shutdown(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
