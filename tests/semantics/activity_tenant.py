"""Small tenants with group activity, told in a few lines each, as real snapshot files."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from waybill.tenant.build import SnapshotBuilder, SnapshotMeta

AS_OF = datetime(2026, 6, 1, 12, 0, 0)  # noqa: DTZ001  snapshots hold UTC without zone
UNTIL = date(2026, 5, 30)
TODAY = datetime(2026, 6, 1, 9, 0, 0, tzinfo=UTC)
TENANT_ID = "7e57ab1e-0000-4000-8000-000000000006"


def ago(days: int) -> date:
    """The day so many days before the last complete one."""
    return UNTIL - timedelta(days=days)


@dataclass
class ActivityTenant:
    """Rows of the tables that the report reads. A row's columns that are not given are NULL."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def put(self, table: str, **row: object) -> None:
        self.tables.setdefault(table, []).append(row)

    def _principal(self, kind: str, name: str, **more: object) -> int:
        number = len(self.tables.get("principal", ()))
        row = {"external": False, "status": "active", **more}
        guid = str(uuid.uuid5(uuid.UUID(TENANT_ID), f"{kind}/{number}"))
        self.put("principal", id=number, kind=kind, entra_id=guid, name=name, **row)
        return number

    def user(self, name: str, *, external: bool = False, upn: str | None = "") -> int:
        """A person; `upn` is made of the name unless it is given."""
        return self._principal(
            "user", name, upn=f"{name.lower()}@contoso.com" if upn == "" else upn, external=external
        )

    def group(
        self,
        name: str,
        *,
        members: tuple[int, ...] = (),
        owners: tuple[int, ...] = (),
        status: str = "active",
        kind: str = "m365_group",
        visibility: str = "Private",
        **more: object,
    ) -> int:
        number = self._principal(kind, name, status=status, reported_users=more.pop("reported_users", None))
        for member in members:
            self.put("member", container=number, member=member)
        for owner in owners:
            self.put("owner", grp=number, principal=owner)
        if kind == "m365_group":
            self.put("unified_group", grp=number, visibility=visibility, **{"site_files": 0, **more})
        return number

    def day(self, group: int, days_ago: int, **counts: int) -> None:
        self.put("group_day", grp=group, day=ago(days_ago), **counts)

    def file(self, group: int, days_ago: int, file: int) -> None:
        self.put("group_file_day", grp=group, day=ago(days_ago), file=file)

    def fill(self, builder: SnapshotBuilder, until: date | None = UNTIL) -> SnapshotMeta:
        """Put every row into `builder`; what its `finish`, or publishing, needs."""
        for table, rows in self.tables.items():
            names = dict.fromkeys(name for row in rows for name in row)
            builder.add(table, pa.table({name: [row.get(name) for row in rows] for name in names}))
        return SnapshotMeta(TENANT_ID, "contoso", AS_OF, "by hand", activity_until=until)

    def write(self, path: Path, until: date | None = UNTIL) -> Path:
        """The tenant as one snapshot file."""
        builder = SnapshotBuilder(path, memory_mb=256)
        builder.finish(self.fill(builder, until))
        return path


def small_tenant() -> ActivityTenant:
    """One group for each case of graph.md 6.3 and 6.4; names sort in the order in which they are made."""
    made = ActivityTenant()
    olga, guest = made.user("Olga"), made.user("Gus", external=True)
    nameless, ada = made.user("Noname", upn=None), made.user("Ada")
    nested = made.group("Nested", kind="security_group", members=(ada,))
    busy = made.group(
        "A busy", members=(olga, guest, nested), owners=(nameless, ada, olga), visibility="Public",
        mailbox_items=12, mailbox_bytes=3_000_000_000, site_files=7, site_bytes=0,
    )  # fmt: skip
    for days_ago in (0, 1, 6):
        made.day(busy, days_ago, emails_received=2, yammer_posted=0, pages_viewed=1, channel_messages=9)
        made.file(busy, days_ago, 1)
    made.file(busy, 1, 2)
    made.day(busy, 7, emails_received=100, yammer_read=4)  # one day before D7 begins
    idle = made.group("B idle", members=(olga,))
    made.day(idle, 200, emails_received=3)  # longer ago than anything counts
    silent = made.group("C told of nothing", visibility="Public")
    made.day(silent, 2, emails_received=0, pages_viewed=0)
    talk = made.group("D only talk")
    made.day(talk, 3, channel_messages=5, meetings=1)
    made.group("E counted only", reported_users=42)
    gone = made.group("F deleted, active 20 days ago", status="soft_deleted", owners=(ada,))
    made.day(gone, 20, yammer_liked=1)
    made.group("G deleted, never active", status="soft_deleted")
    early = made.group("H before D30")
    made.file(early, 45, 9)
    future = made.group("I after the last complete day")
    made.day(future, -1, emails_received=5)
    made.group("=1+1")
    made.group('J, the "quoted"\nname\r\n', owners=(ada,))
    made.group("")
    made.group("Unknown", status="unresolved")  # still in unified_group
    made.group("Distribution", kind="distribution_group")
    made.put("principal", id=len(made.tables["principal"]), kind="m365_group", name="Orphan claim",
             status="unresolved", external=False)  # fmt: skip
    return made


def random_tenant(seed: int) -> ActivityTenant:
    """Some thirty groups of all kinds with sparse days and files, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311  test data
    made = ActivityTenant()
    people = [
        made.user(f"P{n}", external=draw.random() < 0.3, upn=draw.choice(["", None])) for n in range(12)
    ]
    columns = ("emails_received", "yammer_posted", "yammer_read", "yammer_liked", "pages_viewed", "meetings")
    for number in range(30):
        group = made.group(
            draw.choice(["", "Twins", f"Group {number}"]),
            members=tuple(draw.choices(people, k=draw.randrange(6))),
            owners=tuple(draw.choices(people, k=draw.randrange(4))),
            status=draw.choice(["active", "active", "soft_deleted", "deleted"]),
            kind=draw.choice(["m365_group"] * 5 + ["security_group"]),
            reported_users=draw.choice([None, 7]),
            site_files=draw.choice([None, 0, 9]),
        )
        reach = draw.choice([0, 10, 60, 200])
        for days_ago in draw.sample(range(-2, reach + 1), draw.randrange(min(reach + 2, 12))):
            counts = {name: draw.choice([0, 1, 500]) for name in columns if draw.random() < 0.4}
            made.day(group, days_ago, **counts)
        for days_ago, file in {(draw.randrange(reach + 1), draw.randrange(4)) for _ in range(reach // 5)}:
            made.file(group, days_ago, file)
    return made
