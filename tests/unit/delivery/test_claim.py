"""The checks of a storageLocation against a real storage emulator (graph.md 2.3, rows 5 to 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from azure.storage.blob import AccessPolicy, ContainerSasPermissions, PublicAccess

from tests.azurite import Azurite
from tests.fault_proxy import Call, Fault, Plan, fault_proxy
from tests.local_tls import make_certificate
from tests.unit.delivery.delivery_parts import REQUEST_INFO, network
from waybill.delivery import probe
from waybill.delivery.locations import StorageRules, parse_location
from waybill.errors import LocationFault, LocationRefused

Url = Callable[[Azurite, str], str]
HOUR = timedelta(hours=1)


def claim(azurite: Azurite, url: str, request_info: bytes = REQUEST_INFO) -> None:
    probe.claim(parse_location(url, azurite.rules), request_info, network())


@dataclass(frozen=True, slots=True)
class Bad:
    name: str
    url: Url
    fault: LocationFault


def _cut(url: str, member: str) -> str:
    head, _, query = url.partition("?")
    return f"{head}?" + "&".join(part for part in query.split("&") if not part.startswith(f"{member}="))


def _altered(url: str) -> str:
    head, _, signature = url.partition("sig=")
    return f"{head}sig={'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


BAD = (
    Bad("read", lambda a, c: a.sas_url(c, "racw"), LocationFault.MAY_READ),
    Bad("list", lambda a, c: a.sas_url(c, "acwl"), LocationFault.MAY_LIST),
    Bad("read and list", lambda a, c: a.sas_url(c, "racwl"), LocationFault.MAY_LIST),
    Bad("account SAS", lambda a, c: a.account_sas_url(c), LocationFault.ACCOUNT_SAS),
    Bad("expired", lambda a, c: a.sas_url(c, expires=-HOUR), LocationFault.NO_WRITE),
    Bad("expired now", lambda a, c: a.sas_url(c, expires=timedelta(seconds=-5)), LocationFault.NO_WRITE),
    Bad("expired, may list", lambda a, c: a.sas_url(c, "acwl", expires=-HOUR), LocationFault.NO_WRITE),
    Bad("not yet", lambda a, c: a.sas_url(c, starts=HOUR, expires=2 * HOUR), LocationFault.NO_WRITE),
    Bad("https only", lambda a, c: a.sas_url(c, protocol="https"), LocationFault.NO_WRITE),
    Bad("another's SAS", lambda a, c: a.sas_url(c, signed_for="other"), LocationFault.NO_WRITE),
    Bad("altered", lambda a, c: _altered(a.sas_url(c)), LocationFault.NO_WRITE),
    Bad("altered, may read", lambda a, c: _altered(a.sas_url(c, "racw")), LocationFault.NO_WRITE),
    Bad("one blob's SAS", lambda a, c: a.blob_sas_url(c, "x"), LocationFault.NO_WRITE),
    Bad("create and add", lambda a, c: a.sas_url(c, "ac"), LocationFault.NO_WRITE),
    Bad("create only", lambda a, c: a.sas_url(c, "c"), LocationFault.NO_WRITE),
    Bad("delete only", lambda a, c: a.sas_url(c, "d"), LocationFault.NO_WRITE),
    Bad("read only", lambda a, c: a.sas_url(c, "r"), LocationFault.NO_WRITE),
    Bad("no such container", lambda a, _: a.sas_url("never-made"), LocationFault.INVALID),
    Bad("no SAS", lambda a, c: a.sas_url(c).partition("?")[0], LocationFault.NO_SAS),
    Bad("no signature", lambda a, c: _cut(a.sas_url(c), "sig"), LocationFault.NO_SAS),
    Bad("a blob", lambda a, c: a.sas_url(c).replace("?", "/x?"), LocationFault.NOT_A_CONTAINER),
    Bad("an account", lambda a, c: a.sas_url(c).replace(f"/{c}?", "?"), LocationFault.NOT_A_CONTAINER),
    Bad("malformed time", lambda a, c: a.sas_url(c).replace("se=2", "se=x"), LocationFault.INVALID),
    Bad("no resource", lambda a, c: _cut(a.sas_url(c), "sr"), LocationFault.NO_WRITE),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: str(bad.name))
def test_a_bad_location_is_refused_and_nothing_written(azurite: Azurite, bad: Bad) -> None:
    """Each fault is told as the contract names it, in words without the SAS, and the container stays empty."""
    container = azurite.container()
    url = bad.url(azurite, container)
    with pytest.raises(LocationRefused) as caught:
        claim(azurite, url)
    assert caught.value.fault is bad.fault
    assert azurite.names(container) == []
    signature = url.partition("sig=")[2]
    assert not signature or signature[:12] not in str(caught.value)


@pytest.mark.parametrize("permissions", ["acw", "cw", "w", "acwd"])
def test_a_good_sas_claims_the_container_once(azurite: Azurite, permissions: str) -> None:
    """A claim leaves RequestInfo.json with its bytes; the next one is refused and changes nothing."""
    container = azurite.container()
    url = azurite.sas_url(container, permissions)
    claim(azurite, url)
    with pytest.raises(LocationRefused) as caught:
        claim(azurite, url, b"another's")
    assert caught.value.fault is LocationFault.USED
    assert azurite.blob(container, "RequestInfo.json") == REQUEST_INFO
    assert azurite.names(container) == ["RequestInfo.json"]


def test_used_comes_before_readable(azurite: Azurite) -> None:
    """A used container is told as used even if the SAS also allows reading: row 9 comes before row 10."""
    container = azurite.container()
    claim(azurite, azurite.sas_url(container))
    with pytest.raises(LocationRefused) as caught:
        claim(azurite, azurite.sas_url(container, "racwd"))
    assert caught.value.fault is LocationFault.USED
    assert azurite.blob(container, "RequestInfo.json") == REQUEST_INFO


def test_a_stored_policy_is_found_out_by_asking(azurite: Azurite) -> None:
    """A SAS whose permissions stand in a stored policy is judged by storage's answers; what a claim wrote
    before it learned that the SAS can read is deleted again."""
    for permissions, fault in (
        ("acwrd", LocationFault.MAY_READ),
        ("a", LocationFault.NO_WRITE),
        ("acw", None),
    ):
        container = azurite.container()
        with azurite.service() as service, service.get_container_client(container) as client:
            policy = AccessPolicy(
                permission=ContainerSasPermissions.from_string(permissions), start="2020-01-01T00:00:00Z"
            )
            policy.expiry = "2100-01-01T00:00:00Z"
            client.set_container_access_policy({"export": policy})
        url = azurite.policy_sas_url(container, "export")
        if fault is None:
            claim(azurite, url)
        else:
            with pytest.raises(LocationRefused) as caught:
                claim(azurite, url)
            assert caught.value.fault is fault
        assert azurite.names(container) == ([] if fault else ["RequestInfo.json"])


def test_a_public_container_is_refused(azurite: Azurite, tmp_path: Path) -> None:
    """A container that anybody may read is no place for a person's data, whatever the SAS says.

    Reading with the SAS is answered 403 by the proxy, as Azure does: Azurite lets any SAS read a public container.
    """
    container = azurite.container()
    with azurite.service() as service, service.get_container_client(container) as client:
        client.set_container_access_policy({}, public_access=PublicAccess.BLOB)
    plan = Plan(Call.READ, Fault.REFUSED_403)
    certificate = make_certificate(tmp_path)
    with fault_proxy(azurite.address, certificate, plan) as proxy:
        url = azurite.sas_url(container, "acwd").replace(
            f"http://{azurite.address}", f"https://{proxy.address}"
        )
        rules = StorageRules(emulators=(proxy.address,), ca=certificate.ca)
        with pytest.raises(LocationRefused, match="Anybody can read") as caught:
            probe.claim(parse_location(url, rules), REQUEST_INFO, network(ca=certificate.ca))
    assert caught.value.fault is LocationFault.MAY_READ
    assert azurite.names(container) == []


def test_a_released_container_can_be_claimed_again(azurite: Azurite) -> None:
    """release deletes RequestInfo.json if the SAS allows deleting, and says whether it did."""
    container = azurite.container()
    url, without_delete = azurite.sas_url(container, "acwd"), azurite.sas_url(container)
    claim(azurite, url)
    assert probe.release(parse_location(without_delete, azurite.rules), network()) is False
    assert probe.release(parse_location(url, azurite.rules), network()) is True
    claim(azurite, without_delete)


def test_an_emulator_must_be_named(azurite: Azurite) -> None:
    """Without the operator's setting an emulator's address is refused like any other host."""
    with pytest.raises(LocationRefused) as caught:
        parse_location(azurite.sas_url("container"), StorageRules())
    assert caught.value.fault is not LocationFault.USED


def test_storage_that_is_not_there_is_told_as_invalid(azurite: Azurite) -> None:
    """A host where nothing answers is row 11, after a bounded number of tries."""
    url = azurite.sas_url("container").replace(azurite.address, "127.0.0.1:9")
    with pytest.raises(LocationRefused, match="did not answer") as caught:
        probe.claim(parse_location(url, StorageRules(emulators=("127.0.0.1:9",))), REQUEST_INFO, network())
    assert caught.value.fault is LocationFault.INVALID
