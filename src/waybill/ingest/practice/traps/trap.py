"""What a trap is: a named scene that a wrong access report gets wrong, and where to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from waybill.ingest.practice import claims
from waybill.ingest.practice.stage import Stage, group_id


@dataclass(frozen=True, slots=True)
class Trap:
    """One edge case of insights.md 3.12, the same in every practice tenant."""

    name: str
    what: str
    site: str
    """URL of the site it plays on."""
    groups: tuple[str, ...]
    """Entra ids of the directory groups it is about; names through `group_id`."""
    users: tuple[str, ...]
    """UPNs of the people it is about."""
    play: Callable[[Stage], None]


def trap(
    path: str, *, groups: tuple[str, ...] = (), users: tuple[str, ...] = ()
) -> Callable[[Callable[[Stage], None]], Trap]:
    """Make a trap of a function: its name is the trap's name, its docstring says what it is.

    `path`: of the site; `groups`: display names; `users`: display names, or UPNs where they hold an @.
    """
    host = claims.MY_HOST if path.startswith("personal/") else claims.HOST

    def made(play: Callable[[Stage], None]) -> Trap:
        return Trap(
            name=play.__name__,
            what=" ".join((play.__doc__ or "").split()),
            site=claims.url_text(f"{host}/{path}"),
            groups=tuple(group_id(name) for name in groups),
            users=tuple(name if "@" in name else claims.upn(name) for name in users),
            play=play,
        )

    return made
