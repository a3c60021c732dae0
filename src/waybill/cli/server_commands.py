"""`waybill serve` and `waybill demo`: the server, and a first look at everything."""

from __future__ import annotations

import os
import socket
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
    if swept := house.sweep():
        screen.err.print(f"Removed {swept} file(s) that interrupted ingests left or no snapshot names.")
    for place in house.settings.storage_emulators:
        screen.err.print(
            f"Warning: {place} counts as a storage emulator (WAYBILL_STORAGE_EMULATORS): people's data may go "
            "there, also over plain http. This is for tests, never for a real tenant.",
            markup=False,
        )

    def ready(listening: Listening) -> None:
        screen.err.print(f"Waybill answers on {listening.url} (docs: {listening.url}/docs)", markup=False)
        if callable(on_ready):
            on_ready(listening)

    idle = True
    try:
        serve(house.web(), house.settings.host, house.settings.port, ready, tls=open_https(house))
    finally:
        idle = house.jobs.shutdown(GRACE_SECONDS)
    if not idle:
        # A job sits inside one long query; ending now is as safe as kill -9, and prompt.
        os._exit(0)


def open_https(house: House) -> tuple[Path, Path] | None:
    """The certificate and key to serve with, if the setting `tls` is on; says how clients come to trust them."""
    from waybill.identity.local_ca import open_tls, server_names

    settings = house.settings
    if not settings.tls:
        return None
    names = server_names(settings.host, settings.public_url)
    files = open_tls(settings.tls_path, names, house.clock, machine=socket.gethostname())
    authority = files.authority.resolve()
    made = (
        "a new authority that clients must trust" if files.new_authority else "this installation's authority"
    )
    screen.err.print(f"HTTPS for {', '.join(names)} by {made}:", markup=False)
    for line in (
        f"  curl       --cacert {authority}",
        f"  Python     SSL_CERT_FILE={authority} REQUESTS_CA_BUNDLE={authority}",
        f"  Node       NODE_EXTRA_CA_CERTS={authority}",
    ):
        screen.err.print(line, markup=False, soft_wrap=True)
    return files.certificate, files.key


def serve_command(
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on [default: 127.0.0.1].")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one [default: 8400].")
    ] = None,
    tls: Annotated[
        bool | None,
        typer.Option(
            "--tls",
            help="Serve HTTPS, with a certificate of this installation's own authority [env: WAYBILL_TLS].",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Run the server: HTTP API and jobs in one process."""
    from waybill import log
    from waybill.app import open_house

    settings = settings_of(data, host=host, port=port, tls=tls)
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
