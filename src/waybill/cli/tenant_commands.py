"""`waybill practice`, `waybill ingest` and `waybill snapshots`: where the tenant's facts come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.cli import screen
from waybill.cli.options import Data, Json, house_of

if TYPE_CHECKING:
    from waybill.tenant.registry import Published, Registry


def publish_practice(registry: Registry, size: str, seed: int, write_mgdc: Path | None = None) -> Published:
    """Build the practice tenant and publish it; the same size and seed give the same snapshot."""
    from waybill.ingest.practice import build_practice, digest, practice_tenant_id, practice_tenant_name

    tenant = registry.ensure_tenant(practice_tenant_name(size, seed), practice_tenant_id(size, seed))
    builder = registry.begin(tenant)
    try:
        with screen.progress(f"Practice tenant {size}") as meter:
            meta = build_practice(size, seed, builder, meter)
            meter("deriving")
            published = registry.publish(tenant, builder, meta, digest(size, seed))
    except BaseException:
        builder.abandon()
        raise
    if write_mgdc is not None:
        from waybill.ingest.practice.mgdc_files import write_mgdc as write

        with registry.open(tenant.id, published.id) as snapshot, screen.progress("MGDC files") as meter:
            write(snapshot, write_mgdc, meter)
    return published


def practice(
    size: Annotated[str, typer.Option("--size", help="tiny, small, medium or large.")] = "small",
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same tenant.")] = 1,
    write_mgdc: Annotated[
        Path | None,
        typer.Option("--write-mgdc", help="Also write the tenant as MGDC files here.", file_okay=False),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Build and publish a practice tenant: generated, with every trap of real tenants in it."""
    from waybill.errors import BadRequest

    sizes = ("tiny", "small", "medium", "large")
    if size not in sizes:
        raise BadRequest(f"There is no practice tenant of size {size!r}.", f"Use one of {', '.join(sizes)}.")
    published = publish_practice(house_of(data).registry, size, seed, write_mgdc)
    if as_json:
        screen.result({"tenant": published.tenant, "snapshot": published.id})
    else:
        screen.out.print(f"Published snapshot {published.id} of tenant {published.tenant}.")


def ingest_mgdc_command(
    path: Annotated[Path, typer.Argument(help="A file, or a folder tree of files, as MGDC writes them.")],
    tenant: Annotated[str, typer.Option("--tenant", help="Tenant name or id; a new name is registered.")],
    any_tenant: Annotated[
        bool, typer.Option("--any-tenant", help="Also take rows that name another tenant.")
    ] = False,
    show_everyone_claim: Annotated[
        bool, typer.Option("--show-everyone-claim", help="The tenant lets guests have Everyone.")
    ] = False,
    show_all_users_claim: Annotated[
        bool, typer.Option("--show-all-users-claim", help="The tenant lets guests have All Users.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Load Microsoft Graph Data Connect files as a new snapshot of a tenant."""
    from waybill.ingest.mgdc import ingest_mgdc

    house = house_of(data)
    with screen.progress("Reading") as meter:
        result = ingest_mgdc(
            path,
            tenant,
            house.registry,
            data=house.settings.data,
            clock=house.clock,
            any_tenant=any_tenant,
            show_everyone_claim=show_everyone_claim,
            show_all_users_claim=show_all_users_claim,
            progress=meter,
        )
    if as_json:
        screen.result(result.as_json())
        return
    rows = [
        (name, f"{count.objects:,}", f"{count.read:,}", f"{count.repeated:,}", f"{count.rejected:,}", f"{count.warnings:,}")
        for name, count in result.datasets.items()
    ]  # fmt: skip
    screen.table("Datasets", ("Dataset", "In files", "Read", "Repeated", "Rejected", "Warnings"), rows)
    for line in result.warnings:
        screen.err.print(f"Note: {line}", markup=False)
    for name in result.skipped_files:
        screen.err.print(f"Not a dataset, left out: {name}", markup=False)
    if result.rejects_file:
        screen.out.print(f"Rejected rows, with file, line and reason: {result.rejects_file}", markup=False)
    screen.out.print(f"Published snapshot {result.snapshot} of tenant {result.tenant}.", markup=False)


def snapshots(data: Data = None, as_json: Json = False) -> None:
    """List published snapshots, newest first."""
    registry = house_of(data).registry
    names = {tenant.id: tenant.name for tenant in registry.tenants()}
    found = registry.snapshots()
    if as_json:
        screen.result(
            {
                "snapshots": [
                    {"tenant": one.tenant, "name": names[one.tenant], "snapshot": one.id, "as_of": one.as_of.isoformat(),
                     "source": one.source, "published": one.published.isoformat()}
                    for one in found
                ]
            }
        )  # fmt: skip
        return
    rows = [
        (names[one.tenant], one.tenant, one.id, f"{one.as_of:%Y-%m-%d %H:%M}", one.source, f"{one.published:%Y-%m-%d %H:%M}")
        for one in found
    ]  # fmt: skip
    screen.table(
        "Snapshots", ("Tenant", "Tenant id", "Snapshot", "As of (UTC)", "Source", "Published (UTC)"), rows
    )


def register(cli: typer.Typer) -> None:
    cli.command("practice")(practice)
    group = typer.Typer(help="Load a tenant's data.", no_args_is_help=True)

    @group.callback()
    def _only_group() -> None:
        """Load a tenant's data."""

    group.command("mgdc")(ingest_mgdc_command)
    cli.add_typer(group, name="ingest")
    cli.command("snapshots")(snapshots)
