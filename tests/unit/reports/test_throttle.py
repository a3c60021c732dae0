"""How often reports may be asked for: sliding windows of ten minutes (graph.md 1.6)."""

from __future__ import annotations

from datetime import timedelta

from tests.semantics.activity_tenant import TODAY
from waybill.api.report_throttle import MAX_COUNTERS, Throttle

REPORT, TENANT = "groups-activity", "contoso"


def test_t18_fourteen_csv_calls_of_an_app_and_forty_of_a_tenant() -> None:
    """The 15th call of an app and the 41st of a tenant wait; other reports, tenants and JSON count apart."""
    throttle = Throttle()
    for app in ("a", "b"):
        assert [throttle.csv(REPORT, TENANT, app, TODAY) for _ in range(14)] == [0] * 14
    assert throttle.csv(REPORT, TENANT, "a", TODAY) == 600
    assert [throttle.csv(REPORT, TENANT, "c", TODAY) for _ in range(12)] == [0] * 12
    assert throttle.csv(REPORT, TENANT, "c", TODAY) == 600
    assert throttle.csv("another", TENANT, "a", TODAY) == 0
    assert throttle.csv(REPORT, "fabrikam", "a", TODAY) == 0
    assert throttle.json(REPORT, TENANT, "a", TODAY) == 0


def test_t18_a_hundred_json_calls() -> None:
    """The 101st JSON call of an app waits, and does not touch its CSV calls."""
    throttle = Throttle()
    assert [throttle.json(REPORT, TENANT, "a", TODAY) for _ in range(100)] == [0] * 100
    assert throttle.json(REPORT, TENANT, "a", TODAY) == 600
    assert throttle.json(REPORT, TENANT, "b", TODAY) == 0
    assert throttle.csv(REPORT, TENANT, "a", TODAY) == 0


def test_waiting_as_long_as_told_is_enough() -> None:
    """A refused call is not counted: after the told seconds, and not before, the next one goes on."""
    throttle = Throttle()
    for second in range(14):
        assert throttle.csv(REPORT, TENANT, "a", TODAY + timedelta(seconds=second)) == 0
    now = TODAY + timedelta(seconds=100, milliseconds=500)
    for _ in range(50):
        assert throttle.csv(REPORT, TENANT, "a", now) == 500
    assert throttle.csv(REPORT, TENANT, "a", TODAY + timedelta(seconds=599.5)) == 1
    assert throttle.csv(REPORT, TENANT, "a", TODAY + timedelta(seconds=600)) == 0
    assert throttle.csv(REPORT, TENANT, "a", TODAY + timedelta(seconds=600)) == 1


def test_memory_is_bounded() -> None:
    """However many apps call, no more counters are kept than the stated number."""
    throttle = Throttle()
    for number in range(MAX_COUNTERS + 500):
        assert throttle.json(REPORT, TENANT, str(number), TODAY) == 0
    assert len(throttle._calls) <= MAX_COUNTERS
