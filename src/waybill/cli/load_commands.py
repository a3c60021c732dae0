"""`waybill ingest usage` and `waybill ingest files`: what is added to a tenant that is known already."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.cli import screen
from waybill.cli.options import Data, Json, Tenant, house_of
from waybill.errors import NotFound

if TYPE_CHECKING:
    from waybill.tenant.registry import Registry


def ingest_usage_command(
    path: Annotated[Path, typer.Argument(help="A usage report CSV, or a folder tree of them.")],
    tenant: Tenant,
    new_tenant: Annotated[
        bool, typer.Option("--new-tenant", help="Register the tenant if it is not known yet.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add Microsoft 365 usage reports to a tenant.

    Reports are known by their headings: groups activity, and the reports with a row a person. A newer
    file of the same report, refresh date and period takes the place of the older one.
    """
    from waybill.ingest.usage import ingest_usage

    house = house_of(data)
    registered = _settle(house.registry, tenant, new_tenant=new_tenant)
    with screen.progress("Reading") as meter:
        result = ingest_usage(
            path, tenant, house.registry, data=house.settings.data, clock=house.clock, progress=meter
        )
    if not registered:
        screen.err.print(f"Registered the new tenant {result.tenant_name}.", markup=False)
    if as_json:
        screen.result({**asdict(result), "rejects_file": str(result.rejects_file)})
        return
    headings = ("Report", "Rows", "Taken", "Superseded", "Concealed", "Unmatched", "Rejected", "Replaced")
    screen.table(
        "Reports",
        headings,
        [
            (name, *(f"{number:,}" for number in asdict(count).values()))
            for name, count in result.reports.items()
        ],
    )
    for note in result.notes:
        screen.err.print(f"Note: {note}", markup=False)
    for skipped in result.skipped_files:
        screen.err.print(f"Left out: {skipped.name}: {skipped.reason}", markup=False)
    if any(count.rejected or count.unmatched for count in result.reports.values()):
        screen.out.print(f"Rows not taken, with file, line and reason: {result.rejects_file}", markup=False)
    screen.out.print(f"Published snapshot {result.snapshot} of tenant {result.tenant_name}.", markup=False)


def _settle(registry: Registry, tenant: str, *, new_tenant: bool) -> bool:
    """Whether the tenant is known. Raises NotFound if it must be and is not: a typo registers nobody."""
    try:
        registry.tenant(tenant)
    except NotFound as error:
        if new_tenant:
            return False
        known = ", ".join(one.name for one in registry.tenants()) or "none"
        raise NotFound(
            error.message, f"Known tenants: {known}. To register a new one, add --new-tenant."
        ) from None
    return True


def ingest_files_command(
    path: Annotated[Path, typer.Argument(help="A folder that holds one folder a person, named by UPN.")],
    tenant: Tenant,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add people's OneDrive files to a tenant, from PATH/<user principal name>/<path in OneDrive>.

    The files are copied into the data folder. The drive of each person who has a folder there is
    replaced whole; other people's stay as they are.
    """
    from waybill.ingest.folder import ingest_files
    from waybill.tenant.contents import ContentStore

    house = house_of(data)
    store = ContentStore(house.settings.contents_path)
    with screen.progress("Files") as meter:

        def on_bytes(name: str, done: int) -> None:
            meter(f"{name}, {screen.counted(done, 'byte')} so far")

        result = ingest_files(path, tenant, house.registry, store, progress=on_bytes)
    if as_json:
        screen.result(asdict(result))
        return
    headings = ("Person", "Files", "Bytes", "Folders", "Contents missing", "Items before")
    screen.table(
        "Drives",
        headings,
        [
            (upn, *(f"{number:,}" for number in asdict(count).values()))
            for upn, count in result.drives.items()
        ],
    )
    for refused in result.refused:
        screen.err.print(f"Not taken: {refused.name}: {refused.reason}", markup=False)
    screen.out.print(f"Published snapshot {result.snapshot} of tenant {result.tenant_name}.", markup=False)


def register(ingest_group: typer.Typer) -> None:
    """Hang both commands under `waybill ingest`."""
    ingest_group.command("usage")(ingest_usage_command)
    ingest_group.command("files")(ingest_files_command)
