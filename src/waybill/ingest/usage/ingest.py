"""The way of usage report files into a published snapshot: find, stage, put in place of older ones, publish.

Reports are added to a copy of the tenant's latest snapshot. A tenant that has none yet gets one that
holds what the reports tell and nothing else, and so do later reports, until something else is ingested.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, datetime, time
from importlib import resources
from pathlib import Path

from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.errors import Conflict, DataProblem
from waybill.ingest.mgdc.ingest import clear_errors
from waybill.ingest.mgdc.rejects import RejectsFile
from waybill.ingest.people import define_upn_key, name_people
from waybill.ingest.usage.kinds import GROUPS_REPORT
from waybill.ingest.usage.reading import Found, find_reports
from waybill.ingest.usage.result import ReportCount, UsageResult, checked
from waybill.ingest.usage.staging import Progress, Staged, stage
from waybill.tenant.amend import Amendment, Change
from waybill.tenant.build import SnapshotBuilder, SnapshotMeta
from waybill.tenant.registry import Published, Registry, Tenant

SOURCE = "usage reports"
"""What a snapshot of usage reports alone says as its source, and what is added to that of others."""


def _silent(_file: str, _share: float) -> None:
    pass


def ingest_usage(
    path: Path,
    tenant_name_or_id: str,
    registry: Registry,
    *,
    data: Path,
    progress: Progress = _silent,
    clock: Clock = SYSTEM_CLOCK,
) -> UsageResult:
    """Read the usage report CSVs at `path` (a file or a folder tree) and publish a snapshot with them.

    Rejects go to `data`/rejects/<tenant>/<snapshot>.jsonl. If anything fails nothing is published:
    DataProblem says why; Conflict, if another ingest of this tenant was faster.
    """
    found = find_reports(path)
    with clear_errors():
        tenant = registry.ensure_tenant(tenant_name_or_id)
        rejects = RejectsFile(data / "rejects" / tenant.id, clock.guid())
        target: Amendment | SnapshotBuilder | None = None
        try:
            target = registry.amend(tenant) if registry.snapshots(tenant.id) else registry.begin(tenant)
            run = _Run(target, found, rejects)
            run.put(progress)
            published = run.publish(registry, tenant)
            kept = rejects.publish(published.id)
        except BaseException:
            if target is not None:
                target.abandon()
            rejects.abandon()
            raise
    return UsageResult(
        tenant.id, tenant.name, published.id, run.counts, found.skipped, tuple(run.notes), kept
    )


class _Run:
    """One ingest while it is under way."""

    def __init__(self, target: Amendment | SnapshotBuilder, found: Found, rejects: RejectsFile) -> None:
        self._target = target
        self._files = found.files
        self._rejects = rejects
        self._alone = not isinstance(target, Amendment) or target.origin == SOURCE
        """Whether usage reports are all that is known of the tenant."""
        self.counts: dict[str, ReportCount] = {}
        self.notes: list[str] = []

    def put(self, progress: Progress) -> None:
        """Stage the files, put their rows in place of older ones, count every row."""
        staged = stage(self._target, self._files, self._rejects, progress)
        if self._alone:
            define_upn_key(self._target.connection)
            self._execute("directory_people")
        name_people(self._target.connection)
        self._execute("groups")
        self._execute("people")
        self._execute("loads")
        if self._alone:
            self._execute("directory_groups")
        self._count(staged)
        self._tell(staged)
        if not any(count.taken for count in self.counts.values()):
            raise DataProblem(
                "Not one row of these files could be taken; nothing was published.",
                f"{' '.join(self.notes)} Rejected: {sum(one.rejected for one in self.counts.values())}.".strip(),
            )

    def publish(self, registry: Registry, tenant: Tenant) -> Published:
        digest = self._digest()
        newest, until = self._newest(), self._activity_until()
        self._drop_temporary()
        if isinstance(self._target, Amendment):
            as_of = max(newest, datetime.fromisoformat(self._target.meta["as_of"])) if self._alone else None
            change = Change(SOURCE, activity_until=until, as_of=as_of, derive=self._alone)
            return registry.publish_amended(tenant, self._target, change, digest)
        if registry.snapshots(tenant.id):
            raise Conflict(
                "Another ingest published a snapshot of this tenant meanwhile; this one published nothing.",
                "Run the command again: it goes on from the newest snapshot.",
            )
        meta = SnapshotMeta(tenant.id, tenant.name, newest, SOURCE, activity_until=until)
        return registry.publish(tenant, self._target, meta, digest)

    def _execute(self, name: str) -> None:
        text = resources.files("waybill.ingest.usage").joinpath("sql", f"{name}.sql").read_text("utf-8")
        self._target.connection.execute(text)

    def _count(self, staged: Staged) -> None:
        run = self._target.connection.execute
        fates: Counter[tuple[str, str]] = Counter()
        for report, fate, rows in run("SELECT report, fate, count(*) FROM matched GROUP BY ALL").fetchall():
            fates[report, fate] = rows
        taken = run(
            "SELECT count(*) FROM staged_group SEMI JOIN chosen_group USING (refresh_date, period, file)"
        )
        fates[GROUPS_REPORT, "known"] = taken.fetchall()[0][0]
        read = staged.rows[GROUPS_REPORT] - staged.rejected[GROUPS_REPORT]
        fates[GROUPS_REPORT, "superseded"] = read - fates[GROUPS_REPORT, "known"]
        replaced = dict(run("SELECT report, rows FROM replaced_person").fetchall())
        replaced[GROUPS_REPORT] = run("SELECT rows FROM replaced_group").fetchall()[0][0]
        self._keep_unmatched()
        for report in sorted({file.kind.report for file in self._files}):
            count = ReportCount(
                rows=staged.rows[report],
                taken=fates[report, "known"],
                superseded=fates[report, "superseded"],
                concealed=fates[report, "concealed"],
                unmatched=fates[report, "unmatched"],
                rejected=staged.rejected[report],
                replaced=replaced.get(report, 0),
            )
            self.counts[report] = checked(report, count)

    def _keep_unmatched(self) -> None:
        """Write down the rows whose person nobody is: their place, not what they hold."""
        rows = self._target.connection.execute(
            "SELECT report, file, line, upn, candidates FROM matched WHERE fate = 'unmatched' ORDER BY file, line"
        )
        while batch := rows.fetchmany(10_000):
            for report, file, line, upn, candidates in batch:
                who = "nobody" if candidates is None else f"{candidates} accounts"
                reason = f"{who} of this tenant's snapshot has this user principal name"
                self._rejects.add(report, self._files[file].name, line, reason, upn.encode())

    def _tell(self, staged: Staged) -> None:
        """What is odd, in sentences for people."""
        run = self._target.connection.execute
        if staged.unused:
            self.notes.append(f"Columns that were not used: {', '.join(sorted(staged.unused))}.")
        for report, count in self.counts.items():
            if count.concealed:
                self.notes.append(
                    f"{report}: {count.concealed} rows hide their person's name: the tenant conceals names in reports "
                    "(Microsoft 365 admin center, Org settings, Reports). They were left out."
                )
            if count.unmatched:
                self.notes.append(
                    f"{report}: {count.unmatched} rows name nobody of this tenant's snapshot; the rejects file has them."
                )
        hidden = run(
            "SELECT count(*) FROM staged_group SEMI JOIN chosen_group USING (refresh_date, period, file) WHERE concealed"
        ).fetchall()[0][0]
        if hidden:
            self.notes.append(
                f"{GROUPS_REPORT}: {hidden} rows hide their group's name and id: they were taken as they are, and "
                "nobody can say which groups they are."
            )
        if not self._alone:
            self._tell_unknown_groups()

    def _tell_unknown_groups(self) -> None:
        rows = self._target.connection.execute(
            "SELECT count(DISTINCT group_id) FROM staged_group s WHERE NOT concealed AND group_id IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM principal p WHERE p.kind = 'm365_group' AND p.entra_id = s.group_id)"
        ).fetchall()
        if rows[0][0]:
            self.notes.append(
                f"{GROUPS_REPORT}: {rows[0][0]} groups are not in this tenant's snapshot; their rows were taken."
            )

    def _newest(self) -> datetime:
        """The newest refresh date of any row read, at midnight."""
        newest: date = self._target.connection.execute(
            "SELECT max(day) FROM (SELECT max(refresh_date) AS day FROM staged_group "
            "UNION ALL SELECT max(refresh_date) FROM staged_person)"
        ).fetchall()[0][0]
        return datetime.combine(newest, time())

    def _activity_until(self) -> date | None:
        """The newest refresh date of the groups report, where no activity by day says more precisely
        until when it is known: days between the two would else count as days without activity."""
        run = self._target.connection.execute
        newest: date | None = run("SELECT max(refresh_date) FROM usage_report").fetchall()[0][0]
        by_day = run("SELECT 1 FROM group_day UNION ALL SELECT 1 FROM group_file_day LIMIT 1").fetchall()
        known = self._target.activity_until if isinstance(self._target, Amendment) else None
        if newest is None or (known is not None and (by_day or known >= newest)):
            return None
        return newest

    def _digest(self) -> str:
        """Hex SHA-256 of what was taken from where: the same files give the same one, whatever their names."""
        made = hashlib.sha256()
        chosen = self._target.connection.execute(
            f"SELECT '{GROUPS_REPORT}' AS report, refresh_date, period, file FROM chosen_group "
            "UNION ALL SELECT report, refresh_date, days, file FROM chosen_person "
            "UNION ALL SELECT report, refresh_date, days, file FROM told WHERE NOT chosen ORDER BY ALL"
        ).fetchall()
        for report, day, period, file in chosen:
            made.update(f"{report} {day} {period} {self._files[file].sha256}\n".encode())
        return made.hexdigest()

    def _drop_temporary(self) -> None:
        run = self._target.connection.execute
        for (name,) in run("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall():
            run(f'DROP TABLE temp."{name}"')
