"""The groups activity CSV over 180 days: a report call's whole work, against plain SQL and COPY."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.child import work
from benchmarks.model import Answer, Contender, Given, Plan, Role, Target
from benchmarks.place import Place

TITLE = "Groups activity CSV"
DAYS = 180
REPEATS = 20

PLAIN = """
WITH until AS (SELECT value::DATE AS day FROM meta WHERE key = 'activity_until'),
recent AS (SELECT d.* FROM group_day d, until WHERE d.day > until.day - {days} AND d.day <= until.day),
days AS (
  SELECT grp, sum(emails_received)::BIGINT AS emails, sum(yammer_posted)::BIGINT AS posted,
    sum(yammer_read)::BIGINT AS read, sum(yammer_liked)::BIGINT AS liked, count(pages_viewed) AS told,
    max(day) FILTER (WHERE emails_received > 0 OR pages_viewed > 0 OR yammer_posted > 0 OR yammer_read > 0
      OR yammer_liked > 0) AS last
  FROM recent GROUP BY grp
),
files AS (
  SELECT grp, count(DISTINCT file) AS files, max(f.day) AS last
  FROM group_file_day f, until WHERE f.day > until.day - {days} AND f.day <= until.day GROUP BY grp
),
people AS (
  SELECT m.container AS grp, count(DISTINCT m.member) AS members, count(DISTINCT m.member) FILTER (p.external) AS guests
  FROM member m JOIN principal p ON p.id = m.member AND p.kind = 'user' GROUP BY m.container
),
owners AS (
  SELECT o.grp, arg_min(p.upn, p.id) AS upn FROM owner o JOIN principal p ON p.id = o.principal WHERE p.upn <> '' GROUP BY o.grp
)
SELECT until.day AS "Report Refresh Date", nullif(p.name, '') AS "Group Display Name",
  p.status IN ('soft_deleted', 'deleted') AS "Is Deleted", o.upn AS "Owner Principal Name",
  greatest(d.last, f.last) AS "Last Activity Date", u.visibility AS "Group Type",
  coalesce(m.members, p.reported_users, 0) AS "Member Count", coalesce(m.guests, 0) AS "External Member Count",
  d.emails AS "Exchange Received Email Count",
  CASE WHEN f.files IS NULL AND d.told > 0 THEN 0 ELSE f.files END AS "SharePoint Active File Count",
  d.posted AS "Yammer Posted Message Count", d.read AS "Yammer Read Message Count", d.liked AS "Yammer Liked Message Count",
  u.mailbox_items AS "Exchange Mailbox Total Item Count", u.mailbox_bytes AS "Exchange Mailbox Storage Used (Byte)",
  u.site_files AS "SharePoint Total File Count", u.site_bytes AS "SharePoint Site Storage Used (Byte)",
  p.entra_id AS "Group Id", '{days}' AS "Report Period"
FROM until, principal p LEFT JOIN unified_group u ON u.grp = p.id LEFT JOIN days d ON d.grp = p.id
LEFT JOIN files f ON f.grp = p.id LEFT JOIN people m ON m.grp = p.id LEFT JOIN owners o ON o.grp = p.id
WHERE p.kind = 'm365_group' AND (u.grp IS NOT NULL OR p.status <> 'unresolved')
  AND (p.status NOT IN ('soft_deleted', 'deleted') OR greatest(d.last, f.last) IS NOT NULL)
ORDER BY p.name = '', p.name, p.entra_id, p.id
""".replace("{days}", str(DAYS))
"""Written for this benchmark, not taken from the product: the answers must be equal row for row."""


def plan(place: Place, _stack: ExitStack) -> Plan:
    snapshot = str(place.snapshot(place.tenant))

    def one(name: str, title: str, role: Role, check: str = "rows") -> Contender:
        return Contender(
            name,
            title,
            role,
            {"snapshot": snapshot, "scratch": str(place.scratch / f"activity-{name}")},
            check=check,
        )

    return Plan(
        contenders=(
            one("waybill", "Waybill: made, hashed, published, read back", Role.OURS),
            one("duckdb", "DuckDB aggregate + COPY", Role.LIMIT),
            one("again", f"Waybill, asked again ({REPEATS} times)", Role.OURS, ""),
        ),
        targets=(
            Target(
                "at most 1.5 x the time of plain SQL and COPY",
                "waybill",
                "work_wall",
                ("duckdb",),
                at_most=1.5,
            ),
            Target("the same in CPU seconds", "waybill", "work_cpu", ("duckdb",), at_most=1.5),
            Target(
                "asked again it is answered without computing: under 5 ms", "again", "again_ms", at_most=5
            ),
        ),
        main="work_wall",
        main_title="seconds from request to finished CSV",
        facts=(f"{place.tenant} practice tenant, period D{DAYS}",),
    )


def contend(name: str, given: Given) -> Answer:
    scratch = Path(str(given["scratch"]))
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        return _plain(given, scratch) if name == "duckdb" else _ours(given, scratch, again=name == "again")
    finally:
        shutil.rmtree(scratch)


def _ours(given: Given, scratch: Path, *, again: bool) -> Answer:
    from benchmarks.reports import export_of, facts_of
    from waybill.clock import SYSTEM_CLOCK
    from waybill.control import open_control
    from waybill.jobs.prepared import Prepared
    from waybill.jobs.report_settings import ReportSettings
    from waybill.sealing import open_sealer

    control = open_control(scratch / "control.db")
    settings = ReportSettings(control, open_sealer(scratch / "sealing.key"), SYSTEM_CLOCK)
    prepared = Prepared(scratch / "reports", settings, SYSTEM_CLOCK)
    export, received = export_of("groups-activity"), {"period": (f"D{DAYS}",)}
    numbers: dict[str, float] = {}
    with work() as done, facts_of(Path(str(given["snapshot"])), scratch / "spill") as facts:
        made = prepared.csv("benchmark", export, received, facts, conceal=False)
    if again:
        with facts_of(Path(str(given["snapshot"])), scratch / "spill") as facts:
            started = time.perf_counter()
            for _ in range(REPEATS):
                prepared.csv("benchmark", export, received, facts, conceal=False)
            numbers["again_ms"] = (time.perf_counter() - started) / REPEATS * 1000
    control.dispose()
    count, checksum = _summed(made.path)
    return Answer(count, checksum, done.wall, done.cpu, numbers)


def _plain(given: Given, scratch: Path) -> Answer:
    import duckdb

    out = scratch / "plain.csv"
    with work() as done, duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"ATTACH '{given['snapshot']}' AS snapshot (READ_ONLY)")
        connection.execute("USE snapshot")
        connection.execute(f"COPY ({PLAIN}) TO '{out}' (HEADER)")
    count, checksum = _summed(out)
    return Answer(count, checksum, done.wall, done.cpu)


def _summed(path: Path) -> tuple[int, str]:
    """Rows and a checksum of their texts, in order; booleans are spelt in two ways, empty cells in one."""
    import csv
    import hashlib

    digest, rows = hashlib.sha256(), 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            rows += 1
            cells = [{"True": "true", "False": "false"}.get(cell, cell) for cell in row]
            digest.update(json.dumps(cells).encode())
    return rows, digest.hexdigest()[:16]
