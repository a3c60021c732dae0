"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from waybill.app import House
    from waybill.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Data folder [env: WAYBILL_DATA; default: ./waybill-data].", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Make the last line on standard output one JSON object.")]
Tenant = Annotated[str, typer.Option("--tenant", help="Tenant name or id.", show_default=False)]


def settings_of(data: Path | None, **changes: object) -> Settings:
    """Settings from the environment, with what the command line says on top. Raises BadRequest."""
    from pydantic import ValidationError

    from waybill.errors import BadRequest
    from waybill.settings import Settings

    given = {name: value for name, value in changes.items() if value is not None}
    if data is not None:
        given["data"] = data
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        raise BadRequest(
            f"The setting {name} does not fit: {first['msg']}.",
            f"Correct it or unset WAYBILL_{name.upper()}.",
        ) from None


def house_of(data: Path | None) -> House:
    """The installation on the data folder; logs go to standard error, warnings and worse."""
    from waybill import log
    from waybill.app import open_house

    settings = settings_of(data)
    log.set_up(as_json=settings.log_json, level="WARNING")
    return open_house(settings)
