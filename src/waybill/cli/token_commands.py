"""`waybill practice-token`: a person's delegated token, to try Graph calls on a practice tenant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.cli import screen
from waybill.cli.options import Data, Json, Tenant, house_of
from waybill.errors import NotFound
from waybill.identity.directory_roles import DIRECTORY_ROLES

if TYPE_CHECKING:
    from waybill.app import House

_PERSON = """
SELECT entra_id, upn FROM principal
WHERE kind = 'user' AND entra_id IS NOT NULL AND upn IS NOT NULL
  AND (lower(upn) = $wanted OR entra_id = $wanted)
ORDER BY id LIMIT 1
"""


def practice_token(
    tenant: Tenant,
    user: Annotated[
        str,
        typer.Option(
            "--user", metavar="UPN", help="Who calls: user principal name or object id.", show_default=False
        ),
    ],
    scope: Annotated[
        list[str],
        typer.Option("--scope", metavar="NAME", help="A delegated permission: User.Export.All; repeatable."),
    ],
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            metavar="NAME",
            help=f"A directory role the person holds, repeatable: {', '.join(DIRECTORY_ROLES)}.",
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a delegated token, as a signed-in person's, for a practice tenant; good for 15 minutes.

    Standard output is the token alone. It works only while the tenant holds practice data.
    """
    house = house_of(data)
    tenant_id = house.registry.tenant(tenant).id
    user_id, upn = _person(house, tenant_id, user)
    made = house.identity.practice_tokens.mint(tenant_id, user_id, upn, tuple(scope), tuple(role or ()))
    if as_json:
        screen.result(
            {
                "access_token": made.value,
                "expires_in": made.expires_in,
                "tenant": tenant_id,
                "user_id": user_id,
            }
        )
        return
    screen.err.print(f"A token of {upn} for {made.expires_in // 60} minutes:", markup=False)
    sys.stdout.write(made.value + "\n")


def _person(house: House, tenant_id: str, wanted: str) -> tuple[str, str]:
    """Object id and user principal name. Raises NotFound."""
    from waybill.export import Sql

    with house.open_latest(tenant_id) as facts:
        found = facts.table(Sql(_PERSON), wanted=wanted.strip().lower())
    if not found:
        raise NotFound(
            f"Nobody in this tenant is {wanted!r}.", "Give a user principal name or an object id of a user."
        )
    user_id, upn = found[0]
    return str(user_id), str(upn)


def register(cli: typer.Typer) -> None:
    cli.command("practice-token")(practice_token)
