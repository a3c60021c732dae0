"""`waybill apps`: register the applications that may ask for exports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from waybill.cli import screen
from waybill.cli.options import Data, Json, Tenant, house_of
from waybill.errors import BadRequest
from waybill.export import Export, Family
from waybill.identity.directory_roles import GRAPH_APP_ROLES


def create(
    name: Annotated[str, typer.Argument(help="A name people recognise.")],
    tenant: Tenant,
    permission: Annotated[
        list[str],
        typer.Option(
            "--permission",
            metavar="NAME",
            help="A scope of the Insights API (insights.graph.readwrite.all) or an application permission "
            "of Microsoft Graph (User.Export.All); repeatable.",
        ),
    ],
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            help="PEM certificate to sign in with instead of a secret.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Register an application; its secret is shown this once."""
    house = house_of(data)
    permissions = tuple(_known(permission, house.catalog))
    pem = certificate.read_text("utf-8") if certificate else ""
    made = house.identity.apps.create(name, house.registry.tenant(tenant).id, permissions, pem)
    if as_json:
        screen.result(
            {"client_id": made.client_id, "client_secret": made.client_secret or None, "tenant": made.tenant}
        )
        return
    screen.out.print(f"client_id      {made.client_id}", markup=False)
    if made.client_secret:
        screen.out.print(f"client_secret  {made.client_secret}", markup=False)
        screen.out.print("Keep the secret now: only its hash is stored, it cannot be shown again.")
    else:
        screen.out.print("Signs in with its certificate; it has no secret.")


def _known(given: list[str], catalog: tuple[Export, ...]) -> Iterator[str]:
    """Each permission as it is spelled; letter case does not matter. Raises BadRequest."""
    scopes = {export.scope for export in catalog if export.family is Family.INSIGHTS}
    spelled = {name.casefold(): name for name in (*sorted(scopes), *GRAPH_APP_ROLES)}
    for name in given:
        if name.casefold() not in spelled:
            raise BadRequest(
                f"No export needs the permission {name!r}.", f"Use: {', '.join(spelled.values())}."
            )
        yield spelled[name.casefold()]


def list_apps(data: Data = None, as_json: Json = False) -> None:
    """List registered applications."""
    house = house_of(data)
    names = {tenant.id: tenant.name for tenant in house.registry.tenants()}
    apps = house.identity.apps.registered()
    if as_json:
        screen.result(
            {"apps": [{"client_id": app.client_id, "name": app.name, "tenant": app.tenant} for app in apps]}
        )
        return
    rows = [
        (app.name, app.client_id, names.get(app.tenant, app.tenant), " ".join(app.permissions),
         "disabled" if app.disabled else "certificate" if app.certificates else "secret")
        for app in apps
    ]  # fmt: skip
    screen.table("Applications", ("Name", "Client id", "Tenant", "Permissions", "Signs in by"), rows)


def register(cli: typer.Typer) -> None:
    group = typer.Typer(help="Applications that may ask for exports.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_apps)
    cli.add_typer(group, name="apps")
