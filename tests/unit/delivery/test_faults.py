"""Each storage call failing in each of twelve ways: complete and exact, or a clear failure; never half."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.azurite import Azurite
from tests.fault_proxy import Call, Fault, FaultProxy, Plan, fault_proxy
from tests.local_tls import Certificate, make_certificate
from tests.unit.delivery.delivery_parts import (
    REQUEST_INFO,
    content,
    digest,
    digests,
    network,
    no_wait,
    outgoings,
    send,
    told,
)
from waybill.delivery import probe
from waybill.delivery.container import Sizes
from waybill.delivery.locations import StorageRules, parse_location
from waybill.delivery.outgoing import DeliveryFailed
from waybill.delivery.patience import Patience
from waybill.errors import LocationFault, LocationRefused

SIZES = Sizes(whole=2000, block=5000, files=4, blocks=2, at_once=8000)
FILES = {
    "20/a.json": content(100, 1),
    "20/b.json": content(1500, 2),
    "30/empty": b"",
    "30/large.bin": content(18_000, 3),
    "30/z.json": content(10, 4),
}
HASTY = Patience(tries=6, connect=10, silence=1.5, whole=1.5, all=60, sleep=no_wait)
"""Long enough for a busy machine, short enough to wait out each time-out of the matrix."""
CALLS = tuple(call for call in Call if call is not Call.DELETE)
LASTING = {Fault.REFUSED_403, Fault.MISSING_404, Fault.CONFLICT_409, Fault.PRECONDITION_412}
"""Answers that are taken at their word; every other fault is overcome."""
REFUSED = {
    (Call.LIST, Fault.MISSING_404): LocationFault.INVALID,
    (Call.LIST, Fault.CONFLICT_409): LocationFault.INVALID,
    (Call.LIST, Fault.PRECONDITION_412): LocationFault.INVALID,
    (Call.CREATE, Fault.REFUSED_403): LocationFault.NO_WRITE,
    (Call.CREATE, Fault.MISSING_404): LocationFault.INVALID,
    (Call.CREATE, Fault.CONFLICT_409): LocationFault.USED,
    (Call.CREATE, Fault.PRECONDITION_412): LocationFault.USED,
    (Call.APPEND, Fault.REFUSED_403): LocationFault.NO_WRITE,
    (Call.APPEND, Fault.MISSING_404): LocationFault.INVALID,
    (Call.APPEND, Fault.CONFLICT_409): LocationFault.USED,
    (Call.APPEND, Fault.PRECONDITION_412): LocationFault.USED,
    (Call.READ, Fault.MISSING_404): LocationFault.INVALID,
    (Call.READ, Fault.CONFLICT_409): LocationFault.INVALID,
    (Call.READ, Fault.PRECONDITION_412): LocationFault.INVALID,
}
"""What a claim is refused as. A listing or reading that is answered 403 is as it should be."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def _expected(call: Call, fault: Fault) -> LocationFault | str:
    if fault not in LASTING or (call in (Call.LIST, Call.READ) and fault is Fault.REFUSED_403):
        return "complete"
    return REFUSED.get((call, fault), "failed")


def _through(
    proxy: FaultProxy, url: str, azurite: Azurite, certificate: Certificate
) -> tuple[str, StorageRules]:
    """The same container as seen through the proxy."""
    seen = url.replace(f"http://{azurite.address}", f"https://{proxy.address}")
    return seen, StorageRules(emulators=(proxy.address,), ca=certificate.ca)


def _export(url: str, rules: StorageRules, journal: Path, patience: Patience = HASTY) -> LocationFault | str:
    """Claim and deliver: "complete", "failed", or why the location was refused."""
    try:
        probe.claim(parse_location(url, rules), REQUEST_INFO, network(patience, rules.ca))
    except LocationRefused as error:
        return error.fault
    try:
        sent = send(url, rules, outgoings(FILES), journal, sizes=SIZES, over=network(patience, rules.ca))
    except DeliveryFailed:
        return "failed"
    return "complete" if told(sent) == digests(FILES) else "told wrongly"


def _story(azurite: Azurite, certificate: Certificate, plan: Plan, journal: Path) -> list[str]:
    """One export with one fault: what is wrong with how it ended."""
    container = azurite.container()
    with fault_proxy(azurite.address, certificate, plan) as proxy:
        url, rules = _through(proxy, azurite.sas_url(container, "acwd"), azurite, certificate)
        ended = _export(url, rules, journal)
    found = azurite.digests(container)
    whole = {"RequestInfo.json": digest(REQUEST_INFO), **digests(FILES)}
    wrong = [] if proxy.spoilt == plan.times else [f"{proxy.spoilt} calls spoilt"]
    if ended != _expected(plan.call, plan.fault):
        wrong.append(f"ended as {ended}")
    if ended == "complete" and found != whole:
        wrong.append(f"complete, with {sorted(found)}")
    if (plan.call, plan.fault) == (Call.APPEND, Fault.PRECONDITION_412):
        # The answer says that another export has filled the blob: it is not ours to delete.
        whole["RequestInfo.json"] = digest(b"")
    elif isinstance(ended, LocationFault) and found:
        wrong.append(f"refused, with {sorted(found)}")
    if not found.items() <= whole.items():
        wrong.append("something half or foreign is there")
    return [f"{plan.call}: {what}" for what in wrong]


@pytest.mark.parametrize("fault", Fault)
def test_any_call_failing_in_this_way(
    azurite: Azurite, certificate: Certificate, tmp_path: Path, fault: Fault
) -> None:
    """Whatever call meets this fault, the container ends complete and exact, or the export fails in its
    right words, and nothing half, doubled or foreign is there."""

    def story(call: Call) -> list[str]:
        first = 2 if call in (Call.PUT, Call.BLOCK) else 1
        return _story(azurite, certificate, Plan(call, fault, first), tmp_path / call.name)

    with ThreadPoolExecutor(len(CALLS)) as pool:
        wrong = [text for texts in pool.map(story, CALLS) for text in texts]
    assert wrong == []


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.ERROR_500, Fault.TLS_BREAK])
def test_patience_ends(azurite: Azurite, certificate: Certificate, tmp_path: Path, fault: Fault) -> None:
    """A fault that stays ends in a clear failure after the tries that are allowed, and no more."""

    def story(call: Call) -> tuple[Call, LocationFault | str, int]:
        plan = Plan(call, fault, times=1000)
        with fault_proxy(azurite.address, certificate, plan) as proxy:
            url, rules = _through(proxy, azurite.sas_url(azurite.container()), azurite, certificate)
            ended = _export(url, rules, tmp_path / call.name, replace(HASTY, tries=3))
        return call, ended, proxy.spoilt

    calls = (Call.LIST, Call.APPEND, Call.BLOCK_LIST)
    with ThreadPoolExecutor(len(calls)) as pool:
        found = list(pool.map(story, calls))
    assert found == [
        (Call.LIST, LocationFault.INVALID, 3),
        (Call.APPEND, LocationFault.INVALID, 3),
        (Call.BLOCK_LIST, "failed", 3),
    ]


@pytest.mark.parametrize("fault", [Fault.TIME_OUT_AFTER, Fault.RESET, Fault.ERROR_500])
def test_a_lost_answer_does_not_win_a_used_container(
    azurite: Azurite, certificate: Certificate, fault: Fault
) -> None:
    """If the answer to the creation is lost and the container belongs to another export, it stays theirs."""
    container = azurite.container()
    url = azurite.sas_url(container, "acwd")
    probe.claim(parse_location(url, azurite.rules), b"theirs", network())
    with fault_proxy(azurite.address, certificate, Plan(Call.CREATE, fault)) as proxy:
        seen, rules = _through(proxy, url, azurite, certificate)
        with pytest.raises(LocationRefused) as caught:
            probe.claim(parse_location(seen, rules), REQUEST_INFO, network(HASTY, rules.ca))
    assert caught.value.fault is LocationFault.USED
    assert azurite.blob(container, "RequestInfo.json") == b"theirs"


def test_of_many_claims_at_once_one_wins(azurite: Azurite) -> None:
    """However many exports claim one container at one time, one has it and the others are told so."""
    container = azurite.container()
    url = azurite.sas_url(container, "acwd")

    def claimed(number: int) -> bytes | None:
        try:
            probe.claim(parse_location(url, azurite.rules), b"%d" % number, network())
        except LocationRefused as error:
            assert error.fault is LocationFault.USED  # noqa: PT017  most of many claims, none of which is "the" one
            return None
        return b"%d" % number

    with ThreadPoolExecutor(8) as pool:
        winners = [winner for winner in pool.map(claimed, range(8)) if winner is not None]
    assert winners == [azurite.blob(container, "RequestInfo.json")]


def test_nothing_of_a_sas_reaches_an_error_or_its_causes(
    azurite: Azurite, certificate: Certificate, tmp_path: Path
) -> None:
    """Whatever breaks, the signature is in no message and in no exception an error was raised from."""

    def chain(error: BaseException | None) -> Iterator[BaseException]:
        while error is not None:
            yield error
            error = error.__cause__ or error.__context__

    url = azurite.sas_url(azurite.container())
    signature = url.partition("sig=")[2][:16]
    for fault in (Fault.RESET, Fault.TLS_BREAK, Fault.REFUSED_403, Fault.ERROR_500):
        plan = Plan(Call.PUT, fault, times=1000)
        with fault_proxy(azurite.address, certificate, plan) as proxy:
            seen, rules = _through(proxy, url, azurite, certificate)
            with pytest.raises(DeliveryFailed) as caught:
                send(seen, rules, outgoings(FILES), tmp_path / fault.name, over=network(HASTY, rules.ca))
        shown = [f"{error!r} {error}" for error in chain(caught.value)]
        assert not any(signature in text or "sig=" in text for text in shown), fault
