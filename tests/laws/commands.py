"""What the command line offers for an export, as its own parser knows it."""

from __future__ import annotations

from typing import Any

import typer


def command_options(cli: typer.Typer, export: str) -> frozenset[str]:
    """The options of `waybill export <export>`; none if there is no such command."""
    root: Any = typer.main.get_command(cli)  # a group of groups, which typer's types do not tell
    command = root.commands["export"].commands.get(export)
    return (
        frozenset() if command is None else frozenset(option for one in command.params for option in one.opts)
    )
