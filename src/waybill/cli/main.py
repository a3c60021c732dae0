"""The `waybill` command: collects the commands and turns errors into words and exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from waybill.cli import (
    app_commands,
    export_commands,
    job_commands,
    operation_commands,
    server_commands,
    tenant_commands,
    token_commands,
)
from waybill.cli.screen import err
from waybill.errors import WaybillError, is_disk_full

_WORDS = (
    "Five self-hosted exports for Microsoft 365 tenants: who can reach what and why, what is held about a person, "
    "what groups did."
)
cli = typer.Typer(
    name="waybill",
    help=_WORDS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(asked: bool) -> None:
    if asked:
        from waybill import __version__

        sys.stdout.write(f"waybill {__version__}\n")
        raise typer.Exit


@cli.callback(help=_WORDS)
def _all(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end."),
    ] = False,
) -> None:
    """Options that come before any command."""


server_commands.register(cli)
tenant_commands.register(cli)
app_commands.register(cli)
export_commands.register(cli)
job_commands.register(cli)
operation_commands.register(cli)
token_commands.register(cli)

_ROOM = "Free or fix it, then run the command again; nothing half-written was published."


_INTERRUPTED = 130
_STOPPED = "waybill: stopped. Jobs already accepted go on when Waybill runs again."


def run() -> None:
    """Entry point. Exit codes: 0 done, 1 could not be done (said on standard error), 2 wrong usage, 130 Ctrl+C."""
    code = 0
    # Snapshots and reports are the tenant's most sensitive data: nobody but this account reads them.
    os.umask(0o077)
    try:
        cli(standalone_mode=True)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
        if code == _INTERRUPTED:  # how typer passes Ctrl+C on
            err.print(_STOPPED)
    except WaybillError as error:
        err.print(f"waybill: {error.message}", markup=False)
        if error.hint:
            err.print(error.hint, markup=False)
        code = 1
    except KeyboardInterrupt:
        err.print(_STOPPED)
        code = _INTERRUPTED
    except RuntimeError as error:
        # How DuckDB passes Ctrl+C on when it comes in the middle of a query.
        if "interrupted" not in str(error).lower():
            raise
        err.print(_STOPPED)
        code = _INTERRUPTED
    except OSError as error:
        # Full disk, missing rights: a sentence, not a traceback. The path is the operator's own.
        err.print(f"waybill: {error.strerror or error}: {error.filename or ''}", markup=False)
        err.print(_ROOM)
        code = 1
    except Exception as error:
        # DuckDB and SQLite have errors of their own for a full disk; all else is a fault, with a traceback.
        if not is_disk_full(error):
            raise
        err.print("waybill: The disk is full.")
        err.print(_ROOM)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # A cancelled job may still hold a thread inside one long query; the data is safe without it.
    os._exit(code)
