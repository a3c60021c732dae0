"""Tries and waits: bounded, longer each time, and never longer than a server may ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from waybill.delivery.blob_calls import Answer, Lost, Outcome, insist
from waybill.delivery.patience import IN_THE_BACKGROUND, WHILE_THE_CALLER_WAITS, Patience
from waybill.delivery.sas import read_sas

Script = Sequence[Answer | None]
BUSY, BROKEN, WELL = Answer(503, "ServerBusy", 7.0), Answer(500), Answer(201)


def played(script: Script, tries: int = 8) -> tuple[Outcome, list[float], list[bool]]:
    """Insist on a call that answers by this script (None: no answer comes): outcome, waits, what it was told."""
    waits: list[float] = []
    unsure: list[bool] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def call(so_far: bool) -> Answer:
        unsure.append(so_far)
        answer = script[len(unsure) - 1]
        if answer is None:
            raise Lost("TimeoutError")
        return answer

    outcome = asyncio.run(insist(call, Patience(tries=tries, longest_wait=5, sleep=sleep)))
    return outcome, waits, unsure


def test_waits_grow_and_are_bounded() -> None:
    """Each wait is twice the one before, up to the longest."""
    outcome, waits, _ = played([BROKEN] * 6 + [WELL])
    assert (outcome.answer, waits) == (WELL, [0.5, 1, 2, 4, 5, 5])


def test_a_retry_after_is_honoured_up_to_the_longest_wait() -> None:
    """A server may ask for a longer wait than ours, not for one without end."""
    assert played([BUSY, WELL])[1] == [5]
    assert played([Answer(429, "", 2.0), WELL])[1] == [2]


def test_tries_are_counted() -> None:
    """After the last try its answer stands; without any answer the call is lost."""
    assert played([BROKEN] * 3, tries=3)[0].answer == BROKEN
    with pytest.raises(Lost):
        played([None] * 3, tries=3)


def test_what_may_have_been_done_is_told() -> None:
    """After a lost answer, or an error that may come after the deed, the next try knows; after "busy", and
    after a damaged body, nothing was done."""
    damaged = Answer(400, "Md5Mismatch", damaged=True)
    assert played([BUSY, damaged, WELL])[2] == [False, False, False]
    assert played([None, WELL])[2] == [False, True]
    assert played([BROKEN, BUSY, WELL])[2] == [False, True, True]
    assert played([None, Answer(409)])[0] == Outcome(Answer(409), True)


@pytest.mark.parametrize("status", [200, 201, 202, 301, 307, 400, 401, 403, 404, 405, 409, 412, 416, 501])
def test_a_lasting_answer_is_taken_at_its_word(status: int) -> None:
    """Only answers that may change are asked for again."""
    assert played([Answer(status)])[2] == [False]


def test_a_caller_does_not_wait_for_minutes() -> None:
    """All checks of one storageLocation end before a client gives up (100 seconds in Microsoft's)."""
    assert WHILE_THE_CALLER_WAITS.all < 60 < IN_THE_BACKGROUND.all


@pytest.mark.parametrize(
    ("query", "scheme", "says"),
    [
        ("sr=c&sp=acw&se=2026-06-01T12:00:00Z", "https", ""),
        ("sr=c&si=policy", "https", ""),
        ("sr=c&sp=acw&se=2026-06-01", "https", "expired at 2026-06-01 00:00:00"),
        ("sr=c&sp=acw&se=2026-06-01T10:57Z", "https", ""),
        ("sr=c&sp=acw&se=2026-06-01T10:50Z", "https", "expired"),
        ("sr=c&sp=acw&st=2026-06-01T11:10:00.5Z", "https", "not valid before"),
        ("sr=c&sp=acw&st=2026-06-01T11:03:00Z", "https", ""),
        ("sr=c&sp=acw&spr=https", "http", "https only"),
        ("sr=c&sp=acw&spr=https,http", "http", ""),
        ("sr=b&sp=acw", "https", "not one for a container"),
        ("sr=c&sp=ca", "https", "write permission"),
        ("sr=c&sp=", "https", "write permission"),
    ],
)
def test_a_sas_tells_why_it_is_refused(query: str, scheme: str, says: str) -> None:
    """What storage says 403 to is told from the SAS's own fields; a few minutes are left to storage's clock."""
    now = datetime(2026, 6, 1, 11, 0, tzinfo=UTC)
    why = read_sas(f"sv=2023-11-03&sig=x&{query}").why_refused(now, scheme)
    assert (says in why) if says else not why
    assert read_sas(f"sv=2023-11-03&sig=x&{query}").why_refused(now + timedelta(0), scheme) == why
