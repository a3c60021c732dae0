"""Parts the MGDC tests share: made-up rows in the shape of the published samples, and a house to ingest into."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from waybill.clock import Clock
from waybill.control import open_control
from waybill.ingest.mgdc import IngestResult, ingest_mgdc
from waybill.tenant.registry import Registry

TENANT = "5f0e4a10-0000-4000-8000-000000000001"
FOREIGN = "5f0e4a10-0000-4000-8000-000000000002"
DAY = "2026-06-01T00:00:00Z"
HOST = "https://contoso.sharepoint.com"
ZERO = "00000000-0000-0000-0000-000000000000"

Row = dict[str, Any]


def guid(kind: str, number: int) -> str:
    """A readable GUID: `guid("site", 3)` is always the same."""
    return f"{sum(map(ord, kind)) * 7919 % 2**32:08x}-0000-4000-8000-{number:012x}"


def site(number: int = 1, **more: Any) -> Row:
    return {
        "ptenant": TENANT,
        "Id": guid("site", number),
        "Url": f"{HOST}/sites/s{number}",
        "RootWeb": {
            "Id": guid("web", number),
            "Title": f"Site {number}",
            "WebTemplate": "STS",
            "WebTemplateId": 1,
        },
        "GroupId": ZERO,
        "IsInRecycleBin": False,
        "TeamsChannelType": "None",
        "Owner": {},
        "Operation": "Full",
        "SnapshotDate": DAY,
    } | more


def grant(
    *people: Row,
    url: str | None = "sites/s1",
    item: str = "Web",
    role: str = "Read",
    number: int = 1,
    on: int = 1,
    **more: Any,
) -> Row:
    """A permission row of site `on`; `number` makes its scope."""
    return (
        {
            "ptenant": TENANT,
            "SiteId": guid("site", on),
            "WebId": guid("web", on),
            "ItemType": item,
            "ScopeId": guid("scope", number),
            "RoleDefinition": role,
            "SharedWith": list(people),
            "SharedWithCount": [],
            "Operation": "Full",
            "SnapshotDate": DAY,
        }
        | ({} if url is None else {"ItemURL": url})
        | more
    )


def person(name: str, **more: Any) -> Row:
    """An internal user as SharedWith names one."""
    upn = f"{name}@contoso.com"
    return {
        "Type": "Internal",
        "Name": name,
        "Email": upn,
        "UPN": upn,
        "TypeV2": "InternalUser",
        "AadObjectId": user_id(name),
    } | more


def user_id(name: str) -> str:
    return guid("user", sum(map(ord, name)))


def sp_group(number: int, name: str, *members: Row, on: int = 1, **more: Any) -> Row:
    return {
        "ptenant": TENANT,
        "SiteId": guid("site", on),
        "GroupId": number,
        "GroupLinkId": ZERO,
        "GroupType": "SharePointGroup",
        "DisplayName": name,
        "Members": list(members),
        "Operation": "Full",
        "SnapshotDate": DAY,
    } | more


def group(number: int, name: str, **more: Any) -> Row:
    return {
        "ptenant": TENANT,
        "id": guid("group", number),
        "displayName": name,
        "groupTypes": [],
        "mailEnabled": False,
        "securityEnabled": True,
        "createdDateTime": "2023-01-09T10:00:00Z",
    } | more


def edge(group_number: int, member: str, kind: str = "user", **more: Any) -> Row:
    return {
        "ptenant": TENANT,
        "pObjectId": guid("group", group_number),
        "id": member,
        "ODataType": f"#microsoft.graph.{kind}",
    } | more


def user(name: str, **more: Any) -> Row:
    return {
        "ptenant": TENANT,
        "id": user_id(name),
        "userPrincipalName": f"{name}@contoso.com",
        "mail": f"{name}@contoso.com",
        "displayName": name,
        "userType": "Member",
        "accountEnabled": True,
    } | more


def write(path: Path, rows: Iterable[Row], *, joint: str = "\n") -> Path:
    """The rows as JSON, glued by `joint`; gzip where the name ends so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = joint.join(json.dumps(row) for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


class House:
    """An empty installation below `folder`, with a fixed clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ids = 0
        self.clock = Clock(now=lambda: datetime(2026, 7, 1, 12, tzinfo=UTC), guid=self._guid)
        self._control: sa.Engine = open_control(folder / "control.db")
        self.registry = Registry(self._control, folder / "snapshots", folder / "work", self.clock)

    def _guid(self) -> str:
        self._ids += 1
        return guid("made", self._ids)

    def ingest(self, path: Path, tenant: str = "contoso", **more: Any) -> IngestResult:
        return ingest_mgdc(
            path, tenant, self.registry, data=self.folder, clock=self.clock, memory_mb=512, **more
        )

    def take(
        self, datasets: Mapping[str, Iterable[Row]], tenant: str = "contoso", *, into: str = ""
    ) -> IngestResult:
        """Write the rows given by dataset and ingest them."""
        folder = self.folder / (into or f"files-{self._guid()}")
        for name, rows in datasets.items():
            write(folder / f"{name}.json", rows)
        return self.ingest(folder, tenant)

    def query(self, result: IngestResult, statement: str) -> list[tuple[Any, ...]]:
        path = self.registry.path(result.tenant, result.snapshot)
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    def rejects(self, result: IngestResult) -> list[Row]:
        return [json.loads(line) for line in result.rejects_file.read_text("utf-8").splitlines()]

    def leftovers(self) -> list[str]:
        """Files that an ingest should not have left behind."""
        return [
            str(path)
            for pattern in ("*.building*", "*.partial", "*.spill")
            for path in self.folder.rglob(pattern)
        ]

    def close(self) -> None:
        self._control.dispose()
