"""`waybill practice`, `waybill ingest` and `waybill snapshots`: where the tenant's facts come from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waybill.cli import load_commands, screen
from waybill.cli.options import Data, Json, house_of

if TYPE_CHECKING:
    from waybill.ingest.mgdc import DatasetCount, IngestResult
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

        with screen.progress("MGDC files") as meter:
            write(registry.path(tenant.id, published.id), write_mgdc, progress=meter)
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
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Carry nothing over from the tenant's latest snapshot.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Load Microsoft Graph Data Connect files as a new snapshot of a tenant.

    Full pulls replace what was there, delta pulls change it; datasets that no file holds are carried over.
    """
    from waybill.ingest.mgdc import ingest_mgdc

    house = house_of(data)
    known = {one.id for one in house.registry.tenants()}
    with screen.progress("Reading") as meter:

        def on_bytes(file: str, done: int, total: int, rows: int) -> None:
            meter(f"{file}, {screen.counted(rows, 'row')}", done / total if total else None)

        result = ingest_mgdc(
            path,
            tenant,
            house.registry,
            data=house.settings.data,
            clock=house.clock,
            any_tenant=any_tenant,
            show_everyone_claim=show_everyone_claim,
            show_all_users_claim=show_all_users_claim,
            fresh=fresh,
            progress=on_bytes,
        )
    if result.tenant not in known:
        screen.err.print(f"Registered the new tenant {result.tenant_name}.", markup=False)
    if as_json:
        screen.result(_facts(result))
        return
    headings = ("Dataset", "In files", "Read", "Repeated", "Removed", "Rejected", "Carried over", "Warnings")
    screen.table("Datasets", headings, [_row(name, count) for name, count in result.datasets.items()])
    for line in result.warnings:
        screen.err.print(f"Note: {line}", markup=False)
    for skipped in result.skipped_files:
        screen.err.print(f"Left out: {skipped.name}: {skipped.reason}", markup=False)
    if any(count.rejected for count in result.datasets.values()):
        screen.out.print(f"Rejected rows, with file, line and reason: {result.rejects_file}", markup=False)
    screen.out.print(f"Published snapshot {result.snapshot} of tenant {result.tenant_name}.", markup=False)


def _row(name: str, count: DatasetCount) -> tuple[str, ...]:
    numbers = (
        count.objects,
        count.read,
        count.repeated,
        count.removed,
        count.rejected,
        count.carried,
        count.warnings,
    )
    return (name, *(f"{number:,}" for number in numbers))


def _facts(result: IngestResult) -> dict[str, Any]:
    """The result as --json prints it. objects = read + repeated + removed + rejected, for each dataset."""
    return {
        "tenant": result.tenant,
        "snapshot": result.snapshot,
        "datasets": {name: asdict(count) for name, count in result.datasets.items()},
        "rejects_file": str(result.rejects_file),
        "skipped_files": [asdict(skipped) for skipped in result.skipped_files],
        "warnings": list(result.warnings),
    }


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


def _only_a_group() -> None:
    """Load a tenant's data."""  # with one command only, typer would drop the word `mgdc`


def register(cli: typer.Typer) -> None:
    cli.command("practice")(practice)
    group = typer.Typer(help="Load a tenant's data.", no_args_is_help=True)
    group.callback()(_only_a_group)
    group.command("mgdc")(ingest_mgdc_command)
    load_commands.register(group)
    cli.add_typer(group, name="ingest")
    cli.command("snapshots")(snapshots)
