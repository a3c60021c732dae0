"""`waybill serve` and `waybill demo`: the server, and a first look at everything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.cli import screen
from waybill.cli.options import Data, Json, settings_of

if TYPE_CHECKING:
    from waybill.api.served import Listening
    from waybill.app import House

GRACE_SECONDS = 20.0
"""At a stop, running jobs get this long to finish; what does not goes on at the next start."""


def serve_house(house: House, on_ready: object = None) -> None:
    """Serve until a signal; jobs start before the first request and outlive the last one."""
    from waybill.api.served import serve

    house.start_jobs()
    if swept := house.registry.sweep():
        screen.err.print(f"Removed {swept} unfinished snapshot file(s) of an interrupted ingest.")

    def ready(listening: Listening) -> None:
        screen.err.print(f"Waybill answers on {listening.url} (docs: {listening.url}/docs)", markup=False)
        if callable(on_ready):
            on_ready(listening)

    idle = True
    try:
        serve(house.web(), house.settings.host, house.settings.port, ready)
    finally:
        idle = house.jobs.shutdown(GRACE_SECONDS)
    if not idle:
        # A job sits inside one long query; ending now is as safe as kill -9, and prompt.
        os._exit(0)


def serve_command(
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on [default: 127.0.0.1].")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one [default: 8400].")
    ] = None,
    data: Data = None,
) -> None:
    """Run the server: HTTP API and jobs in one process."""
    from waybill import log
    from waybill.app import open_house

    settings = settings_of(data, host=host, port=port)
    log.set_up(as_json=settings.log_json)
    serve_house(open_house(settings))


def demo_command(
    data: Annotated[Path, typer.Option("--data", help="Data folder of the demo.")] = Path("demo-data"),
    size: Annotated[
        str, typer.Option("--size", help="Practice tenant: tiny, small, medium or large.")
    ] = "tiny",
    keep_serving: Annotated[
        bool, typer.Option("--keep-serving", help="Keep the server running; prints curl lines.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option("--port", help="Port of the server [default: a free one; 8400 with --keep-serving]."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Practice tenant, server, application, both exports over HTTP, and what is in the files."""
    from waybill.cli.demo import Demo

    if port is None:
        port = 8400 if keep_serving else 0
    demo = Demo(settings_of(data, port=port), size)
    outcome = demo.keep_serving() if keep_serving else demo.run()
    if as_json:
        screen.result(outcome)


def register(cli: typer.Typer) -> None:
    cli.command("serve")(serve_command)
    cli.command("demo")(demo_command)
