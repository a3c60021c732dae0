"""`waybill operations` and `waybill destinations`: exports of people's data, and where they may go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waybill.cli import screen
from waybill.cli.options import Data, Json, Tenant, house_of
from waybill.cli.places import host_told
from waybill.errors import BadRequest

if TYPE_CHECKING:
    from waybill.jobs.operations import Operation


_FOLDER = "a folder of this machine"
Id = Annotated[str, typer.Argument(help="The operation's id, a GUID.")]


def operation_facts(operation: Operation) -> dict[str, Any]:
    """An operation as JSON: what `operations list` and `operations show` print."""
    return {
        "operation": operation.id,
        "job": operation.number,
        "export": operation.export,
        "tenant": operation.tenant,
        "user": operation.user_id,
        "status": operation.status,
        "progress": operation.progress,
        "storage_location": operation.storage_location,
        "gaps": operation.gaps,
        "client_id": operation.client_id,
        "submitted": operation.submitted.isoformat(),
        "completed": operation.completed.isoformat() if operation.completed else None,
        "error": operation.error or None,
    }


def list_operations(tenant: Tenant, data: Data = None, as_json: Json = False) -> None:
    """List exports of people's data, newest first."""
    house = house_of(data)
    found = house.operations.list(house.registry.tenant(tenant).id)
    if as_json:
        screen.result({"operations": [operation_facts(one) for one in found]})
        return
    headings = (
        "Operation",
        "Export",
        "User",
        "Status",
        "Progress",
        "Gaps",
        "Submitted (UTC)",
        "Delivered to",
    )
    rows = [
        (one.id, one.export, one.user_id, one.status, f"{one.progress:.0f} %", one.gaps,
         f"{one.submitted:%Y-%m-%d %H:%M:%S}", one.storage_location or _FOLDER)
        for one in found
    ]  # fmt: skip
    screen.table("Operations", headings, rows)


def show(operation: Id, tenant: Tenant, data: Data = None, as_json: Json = False) -> None:
    """Show one operation whole, with the reason if it failed."""
    house = house_of(data)
    facts = operation_facts(house.operations.get(house.registry.tenant(tenant).id, operation.lower()))
    if as_json:
        screen.result(facts)
        return
    shown = {**facts, "storage_location": facts["storage_location"] or _FOLDER}
    for name, value in shown.items():
        screen.out.print(f"{name:<18}{'' if value is None else value}", markup=False)


def cancel(operation: Id, tenant: Tenant, data: Data = None, as_json: Json = False) -> None:
    """Ask an operation to stop, also one that another process runs. What was delivered so far stays."""
    house = house_of(data)
    owner = house.registry.tenant(tenant).id
    asked = house.operations.get(owner, operation.lower())
    job = house.jobs.cancel(owner, asked.number, "cli")
    if as_json:
        screen.result({"operation": asked.id, "job": job.number, "status": str(job.state)})
    else:
        screen.out.print(f"Operation {asked.id} is {str(job.state).replace('_', ' ')}.")


def add_destination(
    name: Annotated[
        str, typer.Argument(help="What clients send as storageLocation, for example ExportStorage.")
    ],
    tenant: Tenant,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Register a container under a bare name.

    Its SAS URL is read from the variable WAYBILL_STORAGE_LOCATION, and sealed. It takes one export: a name
    is used again when its container was emptied.
    """
    location = os.environ.get("WAYBILL_STORAGE_LOCATION", "")
    if not location:
        raise BadRequest(
            "WAYBILL_STORAGE_LOCATION is not set.",
            "Put the container's SAS URL into that variable: on a command line it would be seen by others.",
        )
    house = house_of(data)
    with host_told(location, house.settings):
        made = house.destinations.add(house.registry.tenant(tenant).id, name, location)
    if as_json:
        screen.result({"destination": made.name, "location": made.url})
    else:
        screen.out.print(f"{made.name} stands for {made.url}; its SAS is sealed.", markup=False)


def list_destinations(tenant: Tenant, data: Data = None, as_json: Json = False) -> None:
    """List registered destinations; their SAS is never shown."""
    house = house_of(data)
    found = house.destinations.list(house.registry.tenant(tenant).id)
    if as_json:
        screen.result({"destinations": [{"name": one.name, "location": one.url} for one in found]})
        return
    screen.table("Destinations", ("Name", "Container"), [(one.name, one.url) for one in found])


def remove_destination(
    name: Annotated[str, typer.Argument(help="The registered name.")],
    tenant: Tenant,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Forget a registered destination with its SAS."""
    house = house_of(data)
    house.destinations.remove(house.registry.tenant(tenant).id, name)
    if as_json:
        screen.result({"removed": name})
    else:
        screen.out.print(f"{name} is removed.", markup=False)


def register(cli: typer.Typer) -> None:
    group = typer.Typer(
        help="Exports of people's data: how they stand, and stopping them.", no_args_is_help=True
    )
    group.command("list")(list_operations)
    group.command("show")(show)
    group.command("cancel")(cancel)
    cli.add_typer(group, name="operations")
    places = typer.Typer(help="Containers that clients may name by a bare name.", no_args_is_help=True)
    places.command("add")(add_destination)
    places.command("list")(list_destinations)
    places.command("remove")(remove_destination)
    cli.add_typer(places, name="destinations")
