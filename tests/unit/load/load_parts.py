"""Parts the loading tests share: a small published tenant, made-up reports in the published shapes, people's folders."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from waybill.clock import Clock
from waybill.control import open_control
from waybill.ingest.folder import FilesResult, ingest_files
from waybill.ingest.usage import UsageResult, ingest_usage
from waybill.tenant.build import SnapshotMeta
from waybill.tenant.contents import ContentStore
from waybill.tenant.registry import Published, Registry

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AS_OF = datetime(2026, 5, 1)  # noqa: DTZ001 - snapshots hold UTC without zone
TENANT = "10ad0000-0000-4000-8000-000000000001"
FINANCE = "10ad0000-0000-4000-8000-0000000000f1"
SALES = "10ad0000-0000-4000-8000-0000000000f2"
HIDDEN = "7D3654B07E126BBD0D18174368FC243F"
NOBODY = "00000000-0000-0000-0000-000000000000"
REFRESH = "2026-05-30"

GROUP_COLUMNS = (
    "Report Refresh Date", "Group Display Name", "Is Deleted", "Owner Principal Name", "Last Activity Date", "Group Type",
    "Member Count", "External Member Count", "Exchange Received Email Count", "SharePoint Active File Count",
    "Yammer Posted Message Count", "Yammer Read Message Count", "Yammer Liked Message Count",
    "Exchange Mailbox Total Item Count", "Exchange Mailbox Storage Used (Byte)", "SharePoint Total File Count",
    "SharePoint Site Storage Used (Byte)", "Group Id", "Report Period",
)  # fmt: skip
SITE_COLUMNS = (
    "Report Refresh Date", "User Principal Name", "Is Deleted", "Deleted Date", "Last Activity Date",
    "Viewed Or Edited File Count", "Synced File Count", "Shared Internally File Count", "Shared Externally File Count",
    "Visited Page Count", "Assigned Products", "Report Period",
)  # fmt: skip
GROUPS = "getOffice365GroupsActivityDetail"
SITES = "getSharePointActivityUserDetail"

Row = Mapping[str, object]


def group_row(name: str = "Finance", group_id: str = FINANCE, period: int = 7, **more: object) -> Row:
    """A row of the groups report. `more`: other headings, blanks as `_`."""
    return {
        "Report Refresh Date": REFRESH, "Group Display Name": name, "Is Deleted": "False",
        "Owner Principal Name": "anna@contoso.com", "Last Activity Date": "2026-05-29", "Group Type": "Private",
        "Member Count": 5, "External Member Count": 1, "Exchange Received Email Count": 12, "Group Id": group_id,
        "Exchange Mailbox Total Item Count": 0, "Report Period": period,
    } | {key.replace("_", " "): value for key, value in more.items()}  # fmt: skip


def site_row(upn: str = "anna@contoso.com", period: int = 7, **more: object) -> Row:
    """A row of the SharePoint activity report."""
    return {
        "Report Refresh Date": REFRESH, "User Principal Name": upn, "Is Deleted": "False", "Visited Page Count": 3,
        "Viewed Or Edited File Count": 2, "Assigned Products": "PLAN A+PLAN B", "Report Period": period,
    } | {key.replace("_", " "): value for key, value in more.items()}  # fmt: skip


def report(rows: Iterable[Row], columns: Sequence[str] = GROUP_COLUMNS, *, end: str = "\r\n") -> bytes:
    """The rows as Microsoft writes them: BOM, headings, CRLF."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


class House:
    """An installation below `folder` with a fixed clock; `found` publishes a small tenant in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ids = 0
        self.clock = Clock(now=lambda: NOW, guid=self._guid)
        self._control: sa.Engine = open_control(folder / "control.db")
        self.registry = Registry(
            self._control, folder / "snapshots", folder / "work", self.clock, ingest_memory_mb=256
        )
        self.store = ContentStore(folder / "contents")
        self.inbox = folder / "inbox"

    def _guid(self) -> str:
        self._ids += 1
        return f"10ad0000-0000-4000-9000-{os.getpid() % 10**6:06d}{self._ids:06d}"

    def found(self, tables: Mapping[str, list[dict[str, Any]]] | None = None, **meta: Any) -> Published:
        """A tenant of four accounts, a group and a site; boris was deleted and made again, two claras are active."""
        tenant = self.registry.ensure_tenant("contoso", TENANT)
        builder = self.registry.begin(tenant)
        for table, rows in (directory() | dict(tables or {})).items():
            builder.add(table, pa.Table.from_pylist(rows))
        told = SnapshotMeta(TENANT, "contoso", AS_OF, "mgdc", **meta)
        return self.registry.publish(tenant, builder, told, "00000000")

    def drop(self, name: str, content: bytes, *, age: int = 0) -> Path:
        """A file in the inbox, `age` seconds old."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (NOW.timestamp() - age,) * 2)
        return path

    def usage(self, tenant: str = "contoso", **more: Any) -> UsageResult:
        return ingest_usage(self.inbox, tenant, self.registry, data=self.folder, clock=self.clock, **more)

    def files(self, tenant: str = "contoso", **more: Any) -> FilesResult:
        return ingest_files(self.inbox, tenant, self.registry, self.store, **more)

    def query(self, snapshot: str, statement: str, tenant: str = TENANT) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.registry.path(tenant, snapshot)), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    def whole(self, snapshot: str, tenant: str = TENANT) -> dict[str, list[str]]:
        """Every table of a snapshot, its rows as text in order."""
        with duckdb.connect(str(self.registry.path(tenant, snapshot)), read_only=True) as connection:
            names = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
            return {
                name: sorted(map(str, connection.execute(f"SELECT * FROM {name}").fetchall()))
                for (name,) in names
            }

    def rejects(self, result: UsageResult) -> list[dict[str, Any]]:
        return [json.loads(line) for line in result.rejects_file.read_text("utf-8").splitlines()]

    def leftovers(self) -> list[str]:
        """Files that an ingest should not have left behind."""
        patterns = ("*.building*", "*.partial", "*.spill", "*.tmp")
        return [str(path) for pattern in patterns for path in self.folder.rglob(pattern)]

    def close(self) -> None:
        self._control.dispose()


def directory() -> dict[str, list[dict[str, Any]]]:
    def user(number: int, name: str, status: str = "active") -> dict[str, Any]:
        upn = f"{name.casefold()}@contoso.com"
        return {
            "id": number, "kind": "user", "name": name, "upn": upn, "external": False, "status": status,
            "entra_id": f"10ad0000-0000-4000-8000-{number:012d}", "site": None,
        }  # fmt: skip

    finance = user(6, "Finance") | {"kind": "m365_group", "upn": None, "entra_id": FINANCE}
    site = {
        "id": 0, "guid": "g", "url": "https://contoso.sharepoint.com/sites/f", "title": "F", "module": "SharePoint Online",
        "site_type": "Classic", "state": "Active",
    }  # fmt: skip
    root = {
        "id": 0,
        "site": 0,
        "parent": None,
        "kind": "root",
        "name": "F",
        "url": site["url"],
        "has_acl": True,
    }
    return {
        "principal": [
            user(0, "Anna"), user(1, "Boris", "soft_deleted"), user(2, "Boris"), user(3, "Clara"), user(4, "Clara"),
            user(5, "Dörte"), finance,
        ],
        "member": [{"container": 6, "member": 0}, {"container": 6, "member": 2}],
        "site": [site],
        "securable": [root | {"parent": None}],
        "acl": [{"site": 0, "securable": 0, "principal": 6, "level": 5}],
        "drive_item": [
            {"owner": 0, "path": "Old.txt", "kind": "file", "size": 3, "content": "practice:1:1:3"},
            {"owner": 2, "path": "Boris.txt", "kind": "file", "size": 3, "content": "practice:1:2:3"},
        ],
    }  # fmt: skip
