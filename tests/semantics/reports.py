"""Small tenants as a real snapshot, and the product's reports on it as plain rows."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.semantics.small_tenant import AS_OF, SPECIALS, TENANT_ID, Principal, Securable, Site, Tenant
from waybill.export import EXCEPTION_COLUMNS, Export, Facts, Report, Rows
from waybill.exports.group_access import EXPORT as GROUP_ACCESS
from waybill.exports.site_permissions import EXPORT as SITE_PERMISSIONS
from waybill.tenant.build import SnapshotBuilder, SnapshotMeta
from waybill.tenant.levels import LEVELS
from waybill.tenant.snapshot import open_snapshot

SOURCES = ("Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group")
Row = dict[str, Any]
FIRST_CUSTOM_LEVEL = 100


class _Tables:
    """The canonical tables of schema.sql, filled row by row: these tenants are tiny."""

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self.rows: dict[str, list[Row]] = {}
        principals = [*SPECIALS.values(), *(p for t in tenants for p in t.principals)]
        self.number = {p: n for n, p in enumerate(principals)}
        self.sites = {s: n for n, s in enumerate(s for t in tenants for s in t.sites)}
        self.objects = {o: n for n, o in enumerate(o for s in self.sites for o in s.securables)}
        self.levels = {level.name: level.id for level in LEVELS}
        for name, rank in sorted({k: v for t in tenants for k, v in t.custom_levels.items()}.items()):
            self.levels[name] = FIRST_CUSTOM_LEVEL + len(self.levels)
            self.put("level", id=self.levels[name], name=name, rank=rank, limited=False)
        for principal in principals:
            self._principal(principal)
        for site in self.sites:
            self._site(site)
        for securable in self.objects:
            self._securable(securable)

    def put(self, table: str, **row: object) -> None:
        self.rows.setdefault(table, []).append(row)

    def _principal(self, p: Principal) -> None:
        me = self.number[p]
        group = p.kind.endswith("_group") and p.kind != "sp_group"
        self.put(
            "principal", id=me, kind=p.kind, entra_id=p.entra_id, login=p.login, upn=p.upn, name=p.title,
            site=self.sites[p.site] if p.site else None, sp_id=me + 3 if p.kind == "sp_group" else None,
            of_group=self.number[p.of_group] if p.of_group else None, user_type=p.user_type,
            email=p.upn, external=p.external, status=p.status, membership="Assigned" if group else None,
            created_at=AS_OF - timedelta(days=900), reported_users=p.reported_users,
        )  # fmt: skip
        for member in p.members:
            self.put("member", container=me, member=self.number[member])
        for owner in p.owners:
            self.put("owner", grp=me, principal=self.number[owner])
        if p.link and p.site:
            link = p.link
            self.put(
                "link", principal=me, site=self.sites[p.site],
                securable=self.objects[link.on],
                link_id=str(uuid.uuid5(uuid.UUID(TENANT_ID), p.title)), share_id=p.title.split(".")[-1],
                scope=link.scope, permission=link.permission, created_by="Sam Sharer",
                created_at=AS_OF - timedelta(days=30), expires_at=link.expires_at,
                password=link.password, block_download=link.block_download,
            )  # fmt: skip
            for invitee, redeemed in link.invites:
                self.put("invite", link=me, principal=self.number[invitee], redeemed=redeemed)

    def _site(self, s: Site) -> None:
        me = self.sites[s]
        self.put(
            "site", id=me, guid=str(uuid.uuid5(uuid.UUID(TENANT_ID), s.url)), url=s.url, title=s.name,
            module=s.module, site_type=s.site_type, channel_name=s.channel, privacy=s.privacy or None,
            grp=self.number[s.group] if s.group else None, state=s.state, scanned_at=AS_OF,
        )  # fmt: skip
        for n, admin in enumerate(s.admins):
            self.put("site_admin", site=me, principal=self.number[admin], is_primary=n == 0)
        for role, principal in s.associated:
            self.put("associated", site=me, role=role, principal=self.number[principal])
        for person in s.roster:
            self.put("channel_member", site=me, principal=self.number[person])

    def _securable(self, o: Securable) -> None:
        site, me = self.sites[o.site], self.objects[o]
        self.put(
            "securable", id=me, site=site, parent=self.objects[o.parent] if o.parent else None,
            kind=o.kind, name=o.name, url=o.url, has_acl=o.own_acl,
            guid=str(uuid.uuid5(uuid.UUID(TENANT_ID), o.url)),
        )  # fmt: skip
        for principal, level in o.entries:
            self.put(
                "acl", site=site, securable=me, principal=self.number[principal], level=self.levels[level]
            )


def build(tenants: Sequence[Tenant], path: Path, **meta: bool) -> None:
    """Write the tenants as one snapshot file at `path`, through the product's builder."""
    builder = SnapshotBuilder(path, memory_mb=256)
    for table, rows in _Tables(tenants).rows.items():
        builder.add(table, pa.Table.from_pylist(rows))
    builder.finish(SnapshotMeta(TENANT_ID, "contoso", AS_OF, "small tenant", "contoso.com", **meta))  # type: ignore[arg-type]  # only flags are given


class Result:
    """One report. Sheets are pulled once, in their order as the runner does, up to the one asked for."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._pulled: dict[str, list[Row]] = {}

    @property
    def names(self) -> set[str]:
        return {sheet.name for sheet in self._report.sheets}

    def __getitem__(self, wanted: str) -> list[Row]:
        for sheet in self._report.sheets:
            if wanted in self._pulled:
                break
            if sheet.name not in self._pulled:
                self._pulled[sheet.name] = rows(self._report, sheet.name)
        return self._pulled[wanted]

    def alone(self, sheet: str) -> list[Row]:
        """One sheet without those before it: a big saving, where the report allows it."""
        return rows(self._report, sheet)

    @property
    def exceptions(self) -> list[Row]:
        last = self._report.sheets[-1].name
        assert self[last] is not None  # they are pulled after all sheets
        headings = tuple(column.name for column in EXCEPTION_COLUMNS)
        return _pull(self._report.exceptions, headings)

    def codes(self) -> set[str]:
        return {row["Code"] for row in self.exceptions}


def rows(report: Report, sheet: str) -> list[Row]:
    """The rows of one sheet as dictionaries keyed by heading."""
    found = next(s for s in report.sheets if s.name == sheet)
    return _pull(found.rows, tuple(c.name for c in found.columns))


def _pull(source: Rows, headings: tuple[str, ...]) -> list[Row]:
    pulled: list[Row] = []
    for batch in source():
        columns = [column.to_pylist() for column in batch.columns]
        pulled += [dict(zip(headings, values, strict=True)) for values in zip(*columns, strict=True)]
    return pulled


def one(rows: list[Row], **wanted: object) -> Row:
    """The only row with these values; headings are given with `_` for blanks."""
    keys = {key.replace("_", " "): value for key, value in wanted.items()}
    found = [row for row in rows if all(row[key] == value for key, value in keys.items())]
    assert len(found) == 1, f"{len(found)} rows with {keys} in {rows}"
    return found[0]


def names(result: Result) -> set[str]:
    """Everybody with a row on People."""
    return {row["Display Name"] for row in result["People"]}


class Reports:
    """Runs the product's two exports on one open snapshot."""

    def __init__(self, open_one: Callable[[], Facts]) -> None:
        self._open = open_one

    def _run(self, export: Export, received: dict[str, tuple[str, ...]]) -> Result:
        request = export.read(received)
        facts = self._open()
        export.admit(request, facts)
        made = export.report(request, facts)
        assert isinstance(made, Report)
        return Result(made)

    def group(
        self,
        *groups: Principal,
        option: int = 2,
        sources: Sequence[str] = SOURCES,
        sites: Sequence[Site] = (),
    ) -> Result:
        """The group access report for some groups (none = all groups)."""
        received = {"exportOptionType": (str(option),), "dataSources": tuple(sources)}
        if groups:
            received["groupId"] = (",".join(g.entra_id or _principal_name(g) for g in groups),)
        if sites:
            received["siteUrls"] = tuple(s.url for s in sites)
        return self._run(GROUP_ACCESS, received)

    def site(self, *sites: Site) -> Result:
        """The site permission report."""
        return self._run(SITE_PERMISSIONS, {"siteUrls": tuple(s.url for s in sites)})


def _principal_name(special: Principal) -> str:
    return special.login.split("/")[0]


@contextmanager
def open_reports(*tenants: Tenant, **meta: bool) -> Iterator[Reports]:
    """The tenants as one snapshot in a temporary folder; results can be read until the block ends."""
    with tempfile.TemporaryDirectory(prefix="small-tenant-") as folder, ExitStack() as readers:
        path, spill = Path(folder) / "small.duckdb", Path(folder) / "spill"
        build(tenants, path, **meta)
        # A fresh reader for each report, as each job has: what one stages, the next must not see.
        yield Reports(lambda: readers.enter_context(open_snapshot(path, "small", spill=spill, memory_mb=256)))


ReportsOn = Callable[..., Reports]
"""What the fixture `reports_on` gives: small tenants in, their reports out, until the test ends."""
