"""A snapshot that is held open answers as one opened afresh: the latest, its file as it is, nothing left of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.load.load_parts import NOW, TENANT, House
from waybill.clock import Clock
from waybill.errors import Conflict, DataProblem, NotFound
from waybill.export import Facts, Sql
from waybill.tenant.amend import Change
from waybill.tenant.held import KEPT, MOST, HeldSnapshots

MARK, MARKED = Sql("SET VARIABLE mark = 1"), Sql("SELECT getvariable('mark')")


class Desk:
    """A house whose snapshots are held by a clock that the test moves."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.now = NOW
        self.held = HeldSnapshots(house.registry, Clock(now=lambda: self.now, guid=house.clock.guid))

    def is_the_same(self, failing: type[Exception] | None = None) -> bool:
        """Whether the next asker gets a connection that one asked before; marks it, then raises `failing`."""
        with self.held.latest(TENANT) as facts:
            before = marked(facts)
            if failing is not None:
                raise failing("The question came to nothing.")
            return before


def marked(facts: Facts) -> bool:
    ((value,),) = facts.table(MARKED)
    facts.table(MARK)
    return value is not None


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    desk = Desk(house)
    yield desk
    desk.now += KEPT * 2
    desk.held.sweep()


def test_askers_one_after_another_share_a_connection(desk: Desk) -> None:
    """The next question goes to the connection of the last one, also when that one was refused."""
    published = desk.house.found()
    assert [desk.is_the_same() for _ in range(3)] == [False, True, True]
    with pytest.raises(NotFound):
        desk.is_the_same(NotFound)
    with desk.held.latest(TENANT) as facts:
        assert marked(facts)
        assert (facts.snapshot, facts.tenant, facts.as_of) == (published.id, TENANT, published.as_of)


def test_askers_at_the_same_time_share_nothing(desk: Desk) -> None:
    """Each asker has a connection of its own while it asks; of many, a few are kept."""
    desk.house.found()
    with ExitStack() as open_now:
        askers = [open_now.enter_context(desk.held.latest(TENANT)) for _ in range(MOST + 2)]
        assert [marked(facts) for facts in askers] == [False] * len(askers)
    with ExitStack() as open_now:
        askers = [open_now.enter_context(desk.held.latest(TENANT)) for _ in range(MOST + 2)]
        assert sorted(marked(facts) for facts in askers) == [False] * 2 + [True] * MOST


def test_the_latest_is_asked(desk: Desk) -> None:
    """From the moment another snapshot is published it is the one that is asked."""
    desk.house.found()
    assert not desk.is_the_same()
    tenant = desk.house.registry.tenant("contoso")
    amendment = desk.house.registry.amend(tenant)
    made = desk.house.registry.publish_amended(tenant, amendment, Change("files"), "aa")
    with desk.held.latest(TENANT) as facts:
        assert (facts.snapshot, marked(facts)) == (made.id, False)


@pytest.mark.parametrize("away", [timedelta(minutes=1), timedelta(days=1)])
def test_nothing_is_held_for_long(desk: Desk, away: timedelta) -> None:
    """After a minute the snapshot is opened anew; housekeeping closes what nobody asks any more."""
    desk.house.found()
    assert not desk.is_the_same()
    desk.now += away
    assert not desk.is_the_same()
    assert desk.held.sweep() == 0
    desk.now += away
    assert desk.held.sweep() == 1
    assert desk.held.sweep() == 0


def test_a_day_that_begins_is_seen(desk: Desk) -> None:
    """A snapshot is not held past midnight: what it says of today is said of this day."""
    desk.house.found()
    desk.now = NOW.replace(hour=23, minute=59, second=59)
    assert not desk.is_the_same()
    desk.now += timedelta(seconds=2)
    assert not desk.is_the_same()


def test_temporary_tables_die_with_their_question(desk: Desk) -> None:
    """A connection on which anything was staged is not given to another asker."""
    desk.house.found()
    for _ in range(2):
        with desk.held.latest(TENANT) as facts:
            facts.stage(Sql("CREATE TEMP TABLE once AS SELECT 1 AS one"))
            assert facts.table(Sql("SELECT one FROM once")) == [(1,)]


def test_a_fault_ends_the_connection(desk: Desk) -> None:
    """A connection whose question failed for a reason nobody foresaw is not asked again."""
    desk.house.found()
    with pytest.raises(ZeroDivisionError):
        desk.is_the_same(ZeroDivisionError)
    assert not desk.is_the_same()


def test_a_lost_or_replaced_file_is_noticed(desk: Desk) -> None:
    """A snapshot whose file is gone or is another is not answered for by the one held."""
    path: Path = desk.house.registry.path(TENANT, desk.house.found().id)
    assert not desk.is_the_same()
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(DataProblem), desk.held.latest(TENANT):
        pass
    path.write_bytes(content)
    assert not desk.is_the_same()


def test_without_a_snapshot_it_says_so(desk: Desk) -> None:
    """A tenant with no snapshot yet is a conflict that says what to do, as without holding."""
    desk.house.registry.ensure_tenant("contoso", TENANT)
    with pytest.raises(Conflict, match="no snapshot yet"), desk.held.latest(TENANT):
        pass
