"""`waybill export` for the Graph families: a person's data to a folder or container, a usage report to a CSV."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waybill.cli import screen
from waybill.cli.export_commands import ExportFailed, copy_whole, field_parameter, in_options, values_of
from waybill.cli.options import house_of
from waybill.cli.places import folder_of, host_told, is_location
from waybill.errors import BadRequest, NotFound
from waybill.export import Export, Family, Received, Where

if TYPE_CHECKING:
    from waybill.app import House
    from waybill.cli.graph_remote import GraphServer
    from waybill.jobs.operations import Operation

_POLL_SECONDS = 0.1
_TO = (
    "A new or empty folder (a new one as ./NAME); or the SAS URL of an Azure blob container (create, add and "
    "write; neither read nor list); or a name of `waybill destinations`. A SAS is a secret: better give it in the variable."
)
_BY_ID_OR_NAME = "Name a person by object id or sign-in name, an inbound profile by its object id; each has its own export."
_Option = tuple[str, Any, Any]
"""Name, annotation and default of an option, as typer reads them off a signature."""


def _text(name: str, metavar: str, words: str, **more: Any) -> _Option:
    option = typer.Option(f"--{name.replace('_', '-')}", metavar=metavar, help=words, **more)
    return name, Annotated[str, option], ""


def _switch(name: str, words: str, option: str = "") -> _Option:
    spelled = option or f"--{name.replace('_', '-')}"
    return name, Annotated[bool, typer.Option(spelled, help=words)], False


def _path(name: str, metavar: str, words: str, *spelled: str) -> _Option:
    return name, Annotated[Path | None, typer.Option(*spelled, metavar=metavar, help=words)], None


_COMMON: tuple[_Option, ...] = (
    _text("tenant", "NAME", "Tenant name or id; needed."),
    _text("server", "URL", "Ask this Waybill server instead of the data folder."),
    _text("client_id", "ID", "With --server: the application to sign in as."),
    _text(
        "client_secret",
        "SECRET",
        "With --server: better given in the variable.",
        envvar="WAYBILL_CLIENT_SECRET",
    ),
    _path("data", "FOLDER", "Data folder [env: WAYBILL_DATA; default: ./waybill-data].", "--data"),
    _switch("as_json", "Last line on standard output: one JSON object.", "--json"),
)
_OWN: Mapping[Family, tuple[_Option, ...]] = {
    Family.GRAPH_OPERATION: (_text("to", "PLACE", _TO, envvar="WAYBILL_STORAGE_LOCATION"),),
    Family.GRAPH_REPORT: (
        _path(
            "output", "FILE", "Where to save the CSV [default: a name of its own, here].", "-o", "--output"
        ),
        _switch("show_names", "Show names, whatever the tenant chose. Not with --server."),
        _switch(
            "safe_for_excel",
            "Put ' before texts that a spreadsheet would take as formulas. Not with --server.",
        ),
    ),
}
_ABOUT: Mapping[Family, str] = {
    Family.GRAPH_OPERATION: "Waits until everything has arrived. A place takes one export. "
    "Begin with index.html there; manifest.json lists every file, and what could not be read.",
    Family.GRAPH_REPORT: "Saves a CSV file. Names are concealed, unless the tenant has chosen otherwise "
    "(PATCH /admin/reportSettings) or --show-names is given.",
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
            asked = _read(export, received)  # bad input is said before anything is opened or sent
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
    what = export.description.partition(". ")[0].removesuffix(".")
    command.__doc__ = f"{what}.\n\n{_ABOUT[export.family]}"
    command.__name__ = export.name.replace("-", "_")
    return command


def _read(export: Export, received: Received) -> Any:
    """`Export.read`, with the words of a command line where the wire's own speak of request URIs."""
    for field in export.fields:
        if field.required and field.wire not in received:
            raise BadRequest(f"--{field.option} is needed.", field.help)
    try:
        return export.read(received)
    except BadRequest as error:
        keys = [field for field in export.fields if field.wire == error.field and field.where is Where.PATH]
        if keys:
            given = ", ".join(received.get(error.field, ()))
            raise BadRequest(f"--{keys[0].option} {given!r} does not fit.", keys[0].help) from error
        calls = [f"--{field.option}" for field in export.fields if field.where is Where.CALL]
        if not error.field and calls:
            raise BadRequest(error.message, f"{error.hint} (Options {', '.join(calls)}.)".strip()) from error
        raise


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
        raise BadRequest("--to is needed.", _TO)
    started = time.monotonic()
    facts = (
        _there(export, received, given, to) if given["server"] else _here(export, asked, received, given, to)
    )
    facts["seconds"] = round(time.monotonic() - started, 2)
    if given["as_json"]:
        screen.result(facts)
    if facts["status"] != "complete":
        raise ExportFailed(f"Operation {facts['operation']} has failed.", facts["error"] or "")
    if not given["as_json"]:
        screen.out.print(f"Operation {facts['operation']} is complete in {facts['seconds']} s.", markup=False)
        screen.out.print(_arrived(to, str(facts["storage_location"])), markup=False)
        if facts["gaps"]:
            screen.out.print(
                f"{screen.counted(facts['gaps'], 'thing')} could not be read; manifest.json names each."
            )
        screen.out.print("Begin with index.html there; manifest.json lists every file.")


def _arrived(to: str, place: str) -> str:
    """Where it is now; a storage location is shown without its SAS."""
    if place == to and not is_location(to):
        return f"Delivered into the folder {Path(to).absolute()}"
    return f"Delivered into the container {place}"


def _there(export: Export, received: Received, given: dict[str, Any], to: str) -> dict[str, Any]:
    if not is_location(to) and "/" in to:
        raise BadRequest(
            f"--to {to} is a folder of this machine, which a server does not deliver to.",
            "Give the SAS URL of a container, or a name that was registered there with `waybill destinations add`.",
        )
    from waybill.cli.remote import RemoteError

    server = _remote(given)
    try:
        return server.export(export, received, to)
    except RemoteError as error:
        if "invalid Guid" in error.message and any("@" in one for many in received.values() for one in many):
            hint = (
                "Its tenant has nobody of this sign-in name, or a profile was asked for: give the object id."
            )
            raise RemoteError(error.message, hint) from None
        raise
    finally:
        server.close()


def _here(export: Export, asked: Any, received: Received, given: dict[str, Any], to: str) -> dict[str, Any]:
    operation = _operation_here(export, asked, received, given, to)
    return {
        "operation": operation.id,
        "status": operation.status,
        "user": operation.user_id,
        "storage_location": operation.storage_location or to,
        "gaps": operation.gaps,
        "error": operation.error or None,
    }


def _operation_here(
    export: Export, asked: Any, received: Received, given: dict[str, Any], to: str
) -> Operation:
    """Run the export in this process, through the same jobs as a server would."""
    house = house_of(given["data"])
    tenant = house.registry.tenant(given["tenant"]).id
    subject, snapshot = _subject(house, tenant, export, asked)
    settled = {field.wire: (subject,) for field in export.fields if field.where is Where.PATH}
    folder = folder_of(house, tenant, to)
    begin = (tenant, export.name, subject, {**received, **settled}, "cli", snapshot)
    house.start_jobs()
    try:
        with host_told(to, house.settings):
            operation = (
                house.operations.begin(*begin, to)
                if folder is None
                else house.operations.begin_local(*begin, folder)
            )
        with screen.progress(export.title) as meter:
            while operation.completed is None:
                time.sleep(_POLL_SECONDS)
                operation = house.operations.get(tenant, operation.id)
                meter(operation.status, operation.progress / 100)
    finally:
        house.jobs.shutdown(grace=0)
    return operation


def _subject(house: House, tenant: str, export: Export, asked: Any) -> tuple[str, str]:
    """The person's object id, and the snapshot that has them. Raises NotFound."""
    with house.open_latest(tenant) as facts:
        try:
            export.admit(asked, facts)
        except NotFound as error:
            raise NotFound(error.message, _BY_ID_OR_NAME) from None
        assert export.subject is not None  # noqa: S101  # every operation names the person it is about
        subject = export.subject(asked, facts)
        if subject in house.removals.hidden(tenant, facts.as_of):
            raise NotFound(
                "This person's data was asked to be removed (removePersonalData) after it was loaded.",
                "If its source still has it, what is loaded from now on shows it again.",
            )
        return subject, facts.snapshot


# Reports

_CONCEALED = "Names are concealed, as the tenant has it set; --show-names shows them."


def _run_report(export: Export, asked: Any, received: Received, given: dict[str, Any]) -> None:
    output: Path | None = given["output"]
    if output is not None and output.is_dir():
        raise BadRequest(f"-o {output} is a folder.", "Give the name of a file with -o.")
    final = output or Path.cwd() / _file_name(export, received)
    if given["server"]:
        if given["show_names"] or given["safe_for_excel"]:
            raise BadRequest(
                "--show-names and --safe-for-excel work on the data folder only.",
                "A server answers as its tenant has set it: PATCH /admin/reportSettings there.",
            )
        server = _remote(given)
        try:
            gaps = server.report(export, received, final)
        finally:
            server.close()
    else:
        gaps = _report_here(export, asked, received, given, final)
    for gap in gaps:
        screen.err.print(f"Note: {gap}", markup=False)
    if given["as_json"]:
        screen.result({"file": str(final), "size": final.stat().st_size})
    else:
        screen.out.print(f"Saved to {final.absolute()}", markup=False)


def _report_here(
    export: Export, asked: Any, received: Received, given: dict[str, Any], final: Path
) -> tuple[str, ...]:
    """Make the CSV and save it; what it lacks, in words."""
    house = house_of(given["data"])
    tenant = house.registry.tenant(given["tenant"]).id
    with house.open_latest(tenant) as facts:
        export.admit(asked, facts)
        conceal = False if given["show_names"] else None
        made = house.prepared.csv(
            tenant, export, received, facts, guard_formulas=given["safe_for_excel"], conceal=conceal
        )
    copy_whole(made.path, final)
    if conceal is None and house.report_settings.conceals(tenant):
        return *made.gaps, _CONCEALED
    return made.gaps


def _file_name(export: Export, received: Received) -> str:
    """`Office365GroupsActivityDetail-D7.csv`: reports of two periods do not overwrite each other."""
    said = [re.sub(r"[^A-Za-z0-9-]", "", value) for values in received.values() for value in values]
    return "-".join((export.file_stem, *filter(None, said))) + ".csv"
