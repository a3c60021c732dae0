"""What the words in a report mean: the legend on About, and the claim settings in force."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from waybill.export import AboutLine, Facts


@cache
def _legend() -> tuple[AboutLine, ...]:
    with resources.files("waybill.exports").joinpath("legend.tsv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(AboutLine("Legend", row["item"], row["meaning"]) for row in rows)


def about_lines(
    parameters: list[tuple[str, str]], understood: list[tuple[str, str]], facts: Facts
) -> tuple[AboutLine, ...]:
    """Parameters as received and as understood, the snapshot, the claim settings, the legend."""
    settings = dict(facts.table("shared/settings"))
    oldest, newest = facts.table("shared/scanned")[0]
    lines = [AboutLine("Received", item, value) for item, value in parameters]
    lines += [AboutLine("Understood", item, value) for item, value in understood]
    lines += [
        AboutLine("Snapshot", "Snapshot", facts.snapshot),
        AboutLine("Snapshot", "Tenant", f"{settings.get('tenant_name', '')} ({facts.tenant})"),
        AboutLine("Snapshot", "As of (UTC)", f"{facts.as_of:%Y-%m-%d %H:%M:%S}"),
        AboutLine("Snapshot", "Source", settings.get("source", "")),
        AboutLine("Snapshot", "Oldest scan (UTC)", _moment(oldest)),
        AboutLine("Snapshot", "Newest scan (UTC)", _moment(newest)),
        AboutLine("Claim settings", "ShowEveryoneClaim", settings.get("show_everyone_claim", "false")),
        AboutLine("Claim settings", "ShowAllUsersClaim", settings.get("show_all_users_claim", "false")),
    ]
    if settings.get("directory_complete") != "true":
        lines.append(
            AboutLine(
                "Snapshot",
                "Directory",
                "Not complete: a group that it does not list is shown as Unresolved, a person as Active; neither as Deleted.",
            )
        )
    return (*lines, *_legend())


def _moment(value: object) -> str:
    return "" if value is None else str(value)[:19]
