"""`waybill export ...`: one command for each export of the catalog, made from its declared fields."""

from __future__ import annotations

import inspect
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from waybill.cli import screen
from waybill.cli.options import house_of
from waybill.errors import BadRequest, WaybillError
from waybill.export import Export, Family, Field, Received
from waybill.exports import CATALOG

_POLL_SECONDS = 0.1


class NotSaved(WaybillError):
    """The report is there, but not where it was asked for."""


class ExportFailed(WaybillError):
    """The job ended without a file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an export command reports at the end."""

    job: str
    status: str
    file: Path
    rows: Mapping[str, int]
    seconds: float
    peak_memory_mb: int | None

    def as_json(self) -> dict[str, Any]:
        return {
            "job": self.job,
            "status": self.status,
            "file": str(self.file),
            "rows": dict(self.rows),
            "seconds": round(self.seconds, 2),
            "peak_memory_mb": self.peak_memory_mb,
        }


@dataclass(frozen=True, slots=True)
class _Target:
    """Where to run: a data folder and tenant, or a server with an application's credentials."""

    tenant: str
    data: Path | None
    server: str
    client_id: str
    client_secret: str = field(repr=False)
    output: Path | None


def field_parameter(field: Field) -> inspect.Parameter:
    """A field as a command-line option: `--site URL`, repeatable where the field is a list."""
    kind: Any = bool if field.flag else list[str] if field.many else str
    shown = None if field.flag else "|".join(field.choices) if field.integer else "TEXT"
    option = typer.Option(f"--{field.option}", help=field.help, show_default=False, metavar=shown)
    default: Any = False if field.flag else None
    # A field decides the type at run time, which no checker can follow.
    annotation: Any = Annotated[kind if field.flag else kind | None, option]
    name = field.option.replace("-", "_")
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_DATA = "Data folder [env: WAYBILL_DATA; default: ./waybill-data]."
_COMMON: tuple[tuple[str, Any, Any], ...] = (
    ("tenant", Annotated[str, typer.Option("--tenant", help="Tenant name or id (not with --server).")], ""),
    ("output", Annotated[Path | None, typer.Option("-o", "--output", help="Where to save the ZIP.")], None),
    ("server", Annotated[str, typer.Option(help="Ask this Waybill server instead of the data folder.")], ""),
    ("client_id", Annotated[str, typer.Option(help="With --server.")], ""),
    (
        "client_secret",
        Annotated[str, typer.Option(envvar="WAYBILL_CLIENT_SECRET", help="With --server.")],
        "",
    ),
    ("data", Annotated[Path | None, typer.Option("--data", help=_DATA)], None),
    (
        "as_json",
        Annotated[bool, typer.Option("--json", help="Last line on standard output: one JSON object.")],
        False,
    ),
)


def command_of(export: Export) -> Callable[..., None]:
    """The command function of an export, with a signature typer can read."""

    def command(**given: Any) -> None:
        received = {
            field.wire: values_of(given[field.option.replace("-", "_")])
            for field in export.fields
            if given[field.option.replace("-", "_")]
        }
        where = _Target(
            given["tenant"],
            given["data"],
            given["server"],
            given["client_id"],
            given["client_secret"],
            given["output"],
        )
        if where.output is not None and where.output.is_dir():
            raise BadRequest(f"-o {where.output} is a folder.", "Give the name of a file with -o.")
        run = run_remote if where.server else run_local
        try:
            outcome = run(export, received, where)
        except BadRequest as error:
            raise in_options(error, export) from None
        if given["as_json"]:
            screen.result(outcome.as_json())
            return
        rows = ", ".join(f"{name} {count:,}" for name, count in outcome.rows.items())
        screen.out.print(f"Saved to {outcome.file.absolute()}", markup=False)
        screen.out.print(
            f"{outcome.status.replace('_', ' ')} in {outcome.seconds:.1f} s: {rows}", markup=False
        )

    parameters = [field_parameter(field) for field in export.fields]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, annotation, default in _COMMON
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    what = export.description.partition(". ")[0]
    command.__doc__ = f"{what}. Runs as a job, waits for it and saves its file: a ZIP with one XLSX workbook."
    command.__name__ = export.name.replace("-", "_")
    return command


def in_options(error: BadRequest, export: Export) -> BadRequest:
    """The same error, also naming the option behind the wire name it speaks of."""
    options = [field.option for field in export.fields if field.wire == error.field]
    hint = f"{error.hint} (Option --{options[0]}.)".strip() if options else error.hint
    return BadRequest(error.message, hint, error.field)


def values_of(given: Any) -> tuple[str, ...]:
    if given is True:
        return ("true",)
    return tuple(given) if isinstance(given, list) else (str(given),)


def run_local(export: Export, received: Received, where: _Target) -> Outcome:
    """Run the export in this process, through the same jobs as a server would."""
    from waybill.jobs.table import UNFINISHED

    if not where.tenant:
        raise BadRequest("--tenant is needed.", "Name one of `waybill snapshots`, or ask a --server.")
    house = house_of(where.data)
    tenant = house.registry.tenant(where.tenant).id
    asked = export.read(received)
    started = time.monotonic()
    with house.open_latest(tenant) as facts:
        export.admit(asked, facts)
        snapshot = facts.snapshot
    house.start_jobs()
    try:
        job = house.jobs.submit(tenant, export.name, received, "cli", snapshot)
        with screen.progress(export.title) as meter:
            while job.state in UNFINISHED:
                time.sleep(_POLL_SECONDS)
                job = house.jobs.get(tenant, job.number)
                meter(f"{job.sheet or job.state}, {screen.counted(job.rows, 'row')}")
        if job.error or not job.file_name:
            raise ExportFailed(f"Job {job.number} is {job.state}.", job.error)
        final = where.output or Path.cwd() / job.file_name
        copy_whole(house.jobs.file_of(job), final)
    finally:
        house.jobs.shutdown(grace=0)
    rows = {count.name: count.rows for count in job.counts}
    seconds = time.monotonic() - started
    return Outcome(str(job.number), str(job.state), final, rows, seconds, job.process_peak_memory_mb)


def copy_whole(source: Path, target: Path) -> None:
    """Under a temporary name first: a file with the asked name is always whole."""
    partial = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, partial)
        partial.replace(target)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise NotSaved(
            f"The report is finished, but could not be saved to {target}: {error.strerror or error}.",
            f"It lies at {source}; copy it from there.",
        ) from error


_WORDS = {2: "finished", 3: "failed", 4: "finished_with_exceptions", 6: "stopped"}


def run_remote(export: Export, received: Received, where: _Target) -> Outcome:
    """Ask a server, as any client of the API would."""
    from waybill.cli.remote import Server

    if not where.client_id or not where.client_secret:
        raise BadRequest(
            "--server needs --client-id and --client-secret.", "Make them there with `waybill apps create`."
        )
    export.read(received)  # bad input is said before anything is sent
    started = time.monotonic()
    server = Server(where.server, where.client_id, where.client_secret, export.scope)
    try:
        number = server.start(export, received)
        job = server.follow(number, export.title)
        status = _WORDS.get(job.status, str(job.status))
        if job.status not in (2, 4):
            raise ExportFailed(f"Job {number} is {status}.", job.message)
        final = server.download(number, where.output, Path.cwd())
    finally:
        server.close()
    rows = {str(name): int(count) for name, count in (job.progress.get("sheets") or {}).items()}
    return Outcome(number, status, final, rows, time.monotonic() - started, job.progress.get("peakMemoryMb"))


def register(cli: typer.Typer, catalog: tuple[Export, ...] = CATALOG) -> None:
    from waybill.cli import graph_exports

    group = typer.Typer(help="Run an export and save its file.", no_args_is_help=True)
    for export in catalog:
        make = command_of if export.family is Family.INSIGHTS else graph_exports.command_of
        group.command(export.name, short_help=export.title)(make(export))
    cli.add_typer(group, name="export")
