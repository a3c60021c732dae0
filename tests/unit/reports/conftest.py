"""The real parts that prepare reports, on a data folder of the test's own and a clock that it moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.semantics.activity_tenant import TENANT_ID, TODAY, small_tenant
from waybill.clock import Clock
from waybill.control import open_control
from waybill.export import Received
from waybill.exports.groups_activity import EXPORT
from waybill.jobs.prepared import Prepared, PreparedFile, PreparedPage
from waybill.jobs.report_settings import ReportSettings
from waybill.sealing import Sealer, open_sealer
from waybill.tenant.snapshot import Outside, open_snapshot

D7: Received = {"period": ("D7",)}
D30: Received = {"period": ("D30",)}


@dataclass
class Moving:
    """A clock that stands still until it is moved."""

    at: datetime = TODAY

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.at)


@dataclass
class Press:
    """Prepares reports of one small tenant, and can be started anew on the same folder."""

    folder: Path
    snapshot: Path
    time: Moving
    control: sa.Engine
    sealer: Sealer
    settings: ReportSettings = field(init=False)
    prepared: Prepared = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.settings = ReportSettings(self.control, self.sealer, self.time.clock)
        self.prepared = Prepared(self.folder / "reports", self.settings, self.time.clock)

    def csv(self, received: Received = D7, *, snapshot: str = "s1", **more: bool) -> PreparedFile:
        with open_snapshot(
            self.snapshot, snapshot, spill=self.folder / "spill", memory_mb=256, outside=Outside(self.time.at)
        ) as facts:
            return self.prepared.csv(TENANT_ID, EXPORT, received, facts, **more)

    def page(self, count: int, received: Received = D7) -> PreparedPage:
        with open_snapshot(
            self.snapshot, "s1", spill=self.folder / "spill", memory_mb=256, outside=Outside(self.time.at)
        ) as facts:
            return self.prepared.page(TENANT_ID, EXPORT, received, facts, count)

    def later(self, sha256: str, start: int, count: int, received: Received = D7) -> PreparedPage:
        return self.prepared.later_page(TENANT_ID, EXPORT, received, sha256, start, count)


@pytest.fixture(scope="session")
def small_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tenant().write(tmp_path_factory.mktemp("activity") / "small.duckdb")


@pytest.fixture
def control(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_control(tmp_path / "control.db")
    yield engine
    engine.dispose()


@pytest.fixture
def press(tmp_path: Path, small_snapshot: Path, control: sa.Engine) -> Press:
    return Press(tmp_path, small_snapshot, Moving(), control, open_sealer(tmp_path / "sealing.key"))
