"""`waybill export` for the Graph families: a person's data to a folder or container, a usage report to a CSV."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waybill.cli import screen
from waybill.cli.export_commands import ExportFailed, copy_whole, field_parameter, in_options, values_of
from waybill.cli.options import house_of
from waybill.errors import BadRequest
from waybill.export import Export, Family, Received

if TYPE_CHECKING:
    from waybill.cli.graph_remote import GraphServer
    from waybill.jobs.operations import Operation

_POLL_SECONDS = 0.1
_TO = (
    "An empty folder, or the SAS URL of an Azure blob container (create and write, neither read nor list). "
    "A SAS is a secret: better give it in WAYBILL_STORAGE_LOCATION."
)
_DATA = "Data folder [env: WAYBILL_DATA; default: ./waybill-data]."
_COMMON: tuple[tuple[str, Any, Any], ...] = (
    ("tenant", Annotated[str, typer.Option("--tenant", help="Tenant name or id.")], ""),
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
_OWN: dict[Family, tuple[tuple[str, Any, Any], ...]] = {
    Family.GRAPH_OPERATION: (
        ("to", Annotated[str, typer.Option("--to", envvar="WAYBILL_STORAGE_LOCATION", help=_TO)], ""),
    ),
    Family.GRAPH_REPORT: (
        (
            "output",
            Annotated[Path | None, typer.Option("-o", "--output", help="Where to save the CSV.")],
            None,
        ),
        (
            "show_names",
            Annotated[
                bool,
                typer.Option(
                    "--show-names", help="Show names also where the tenant conceals them (the default)."
                ),
            ],
            False,
        ),
        (
            "safe_for_excel",
            Annotated[
                bool,
                typer.Option(
                    "--safe-for-excel", help="Put ' before texts that a spreadsheet would take as formulas."
                ),
            ],
            False,
        ),
    ),
}


def command_of(export: Export) -> Callable[..., None]:
    """The command function of a Graph export, with a signature typer can read."""
    run = {Family.GRAPH_OPERATION: _run_operation, Family.GRAPH_REPORT: _run_report}[export.family]

    def command(**given: Any) -> None:
        if not given["tenant"]:
            raise BadRequest("--tenant is needed.", "Name one of `waybill snapshots`.")
        received = {
            field.wire: values_of(given[field.option.replace("-", "_")])
            for field in export.fields
            if given[field.option.replace("-", "_")]
        }
        try:
            asked = export.read(received)  # bad input is said before anything is opened or sent
            run(export, asked, received, given)
        except BadRequest as error:
            raise in_options(error, export) from None

    parameters = [field_parameter(field) for field in export.fields]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, annotation, default in (*_OWN[export.family], *_COMMON)
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = export.description
    command.__name__ = export.name.replace("-", "_")
    return command


def _remote(given: dict[str, Any]) -> GraphServer:
    from waybill.cli.graph_remote import GraphServer

    if not given["client_id"] or not given["client_secret"]:
        raise BadRequest(
            "--server needs --client-id and --client-secret.", "Make them there with `waybill apps create`."
        )
    return GraphServer(given["server"], given["tenant"], given["client_id"], given["client_secret"])


# Operations


def _run_operation(export: Export, asked: Any, received: Received, given: dict[str, Any]) -> None:
    to = str(given["to"])
    if not to:
        raise BadRequest("--to is needed.", "Give an empty folder, or the SAS URL of a container.")
    started = time.monotonic()
    if given["server"]:
        server = _remote(given)
        try:
            facts = server.export(export, received, to)
        finally:
            server.close()
    else:
        facts = _facts(_operation_here(export, asked, given, to))
        facts["storage_location"] = facts["storage_location"] or to
    facts["seconds"] = round(time.monotonic() - started, 2)
    if given["as_json"]:
        screen.result(facts)
    if facts["status"] != "complete":
        raise ExportFailed(f"Operation {facts['operation']} is {facts['status']}.", facts.get("error") or "")
    if not given["as_json"]:
        screen.out.print(f"Operation {facts['operation']} is complete in {facts['seconds']} s.", markup=False)
        screen.out.print(f"{facts['storage_location']}", markup=False)
        if facts["gaps"]:
            screen.out.print(f"{facts['gaps']} thing(s) could not be read; each is named there.")
        screen.out.print("Begin with index.html there; manifest.json lists every file and every gap.")


def _facts(operation: Operation) -> dict[str, Any]:
    return {
        "operation": operation.id,
        "status": operation.status,
        "user": operation.user_id,
        "storage_location": operation.storage_location,
        "gaps": operation.gaps,
        "error": operation.error or None,
    }


def _operation_here(export: Export, asked: Any, given: dict[str, Any], to: str) -> Operation:
    """Run the export in this process, through the same jobs as a server would."""
    house = house_of(given["data"])
    tenant = house.registry.tenant(given["tenant"]).id
    with house.open_latest(tenant) as facts:
        export.admit(asked, facts)
        assert export.subject is not None  # noqa: S101  # every operation names the person it is about
        subject = export.subject(asked, facts)
        snapshot = facts.snapshot
    settled = {field.wire: (subject,) for field in export.fields if field.required}
    house.start_jobs()
    try:
        # Text with a scheme is a storage location; a bare name may be a registered one.
        if "://" in to or house.destinations.find(tenant, to) is not None:
            operation = house.operations.begin(tenant, export.name, subject, settled, "cli", snapshot, to)
        else:
            operation = house.operations.begin_local(
                tenant, export.name, subject, settled, "cli", snapshot, Path(to).absolute()
            )
        with screen.progress(export.title) as meter:
            while operation.completed is None:
                time.sleep(_POLL_SECONDS)
                operation = house.operations.get(tenant, operation.id)
                meter(operation.status, operation.progress / 100)
    finally:
        house.jobs.shutdown(grace=0)
    return operation


# Reports


def _run_report(export: Export, asked: Any, received: Received, given: dict[str, Any]) -> None:
    output: Path | None = given["output"]
    if output is not None and output.is_dir():
        raise BadRequest(f"-o {output} is a folder.", "Give the name of a file with -o.")
    if given["server"]:
        if given["show_names"] or given["safe_for_excel"]:
            raise BadRequest(
                "--show-names and --safe-for-excel work on the data folder only.",
                "A server answers as its tenant has set it: PATCH /admin/reportSettings there.",
            )
        server = _remote(given)
        try:
            final = server.report(export, received, output, Path.cwd())
        finally:
            server.close()
    else:
        house = house_of(given["data"])
        tenant = house.registry.tenant(given["tenant"]).id
        with house.open_latest(tenant) as facts:
            export.admit(asked, facts)
            conceal = False if given["show_names"] else None
            made = house.prepared.csv(
                tenant, export, received, facts, guard_formulas=given["safe_for_excel"], conceal=conceal
            )
        for gap in made.gaps:
            screen.err.print(f"Note: {gap}", markup=False)
        final = output or Path.cwd() / made.name
        copy_whole(made.path, final)
    if given["as_json"]:
        screen.result({"file": str(final), "size": final.stat().st_size})
    else:
        screen.out.print(str(final), markup=False)
