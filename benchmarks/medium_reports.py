"""Rows, seconds and peak memory of the heaviest reports on a practice tenant; fails above 1 GiB.

Run with `make bench-medium`, or `python benchmarks/medium_reports.py SIZE` for another size. Each report
is a process of its own, so that its peak memory is its own. Seconds depend on what else the machine does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

WAYBILL = Path(sys.executable).with_name("waybill")
SOURCES = ("Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group")
LIMIT_MB = 1024


def waybill(*arguments: str) -> dict[str, object]:
    """Run a command with --json; its last line."""
    done = subprocess.run(  # noqa: S603  # our own command
        [WAYBILL, *arguments, "--json"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def heaviest(snapshot: Path) -> tuple[str, str, list[str]]:
    """The group with most access, the group with most people, and the 100 sites with most entries."""
    with duckdb.connect(str(snapshot), read_only=True) as facts:
        group = facts.execute(
            """SELECT p.entra_id FROM principal p
            JOIN (SELECT descendant, ancestor FROM closure UNION ALL SELECT id, id FROM principal) k ON k.descendant = p.id
            JOIN live_grant_by_principal g ON g.principal = k.ancestor
            WHERE p.kind IN ('security_group', 'm365_group', 'mail_security_group')
            GROUP BY ALL ORDER BY count(*) DESC, p.entra_id LIMIT 1"""
        ).fetchall()[0][0]
        largest = facts.execute(
            """SELECT p.entra_id FROM headcount h JOIN principal p ON p.id = h.principal
            WHERE p.kind LIKE '%_group' AND p.entra_id IS NOT NULL
            ORDER BY h.users DESC NULLS LAST, p.entra_id LIMIT 1"""
        ).fetchall()[0][0]
        sites = facts.execute(
            """SELECT s.url FROM site s JOIN entry e ON e.site = s.id WHERE s.state <> 'Deleted'
            GROUP BY s.id, s.url ORDER BY count(*) DESC, s.url LIMIT 100"""
        ).fetchall()
    return group, largest, [url for (url,) in sites]


def main(size: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        built = waybill("practice", "--size", size, "--data", str(data))
        snapshot = data / "snapshots" / str(built["tenant"]) / f"{built['snapshot']}.duckdb"
        group, largest, sites = heaviest(snapshot)
        sources = [word for source in SOURCES for word in ("--source", source)]
        reports = {
            "option 2, group with most access": ["group-access", "--group", group, "--option", "2", *sources],
            "option 2, group with most people": [
                "group-access",
                "--group",
                largest,
                "--option",
                "2",
                *sources,
            ],
            "option 3, all groups": ["group-access", "--option", "3", *sources],
            "100 largest sites": ["site-permissions", *[word for url in sites for word in ("--site", url)]],
        }
        common = [
            "--tenant",
            str(built["tenant"]),
            "--data",
            str(data),
            "-o",
            str(Path(folder) / "report.zip"),
        ]
        worst = 0
        for name, words in reports.items():
            made = waybill("export", *words, *common)
            rows = made["rows"]
            total = sum(rows.values()) if isinstance(rows, dict) else 0
            print(
                f"{name}: {total:,} rows, {made['seconds']} s, peak {made['peak_memory_mb']} MB  {rows}",
                flush=True,
            )
            worst = max(worst, int(str(made["peak_memory_mb"])))
    print(f"highest peak {worst} MB of {LIMIT_MB} MB allowed")
    return 0 if worst < LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "medium"))
