"""Registered applications and their credentials."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.unit.identity.identity_parts import PERMISSION, START, House, certificate_pem, rsa_key
from waybill.audit import entries
from waybill.errors import BadRequest, NotFound


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def test_a_created_application_is_found_with_its_tenant_and_permissions(house: House) -> None:
    """An application is found by its id, with exactly what it was given; another id finds nothing."""
    made = house.identity.apps.create("Reports", "contoso", (PERMISSION, "other.read", PERMISSION))
    found = house.identity.apps.find(made.client_id)
    assert found is not None
    assert (found.name, found.tenant, found.permissions) == ("Reports", "contoso", (PERMISSION, "other.read"))
    assert found.has_secret
    assert found.disabled is None
    assert found.created == START
    assert house.identity.apps.find("no-such-id") is None


@pytest.mark.parametrize("client_id", ["\0", "\ud800", "x" * 100_000, "a\nb", ""])
def test_an_impossible_id_is_just_unknown(house: House, client_id: str) -> None:
    """An id no database could hold is answered like any unknown one."""
    assert house.identity.apps.find(client_id) is None
    assert house.identity.apps.with_secret(client_id, "x") is None


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A0", "O'Brien; DROP TABLE", "日本語 \u202e", "a\tb", "🧾"])
def test_odd_names_are_kept_as_they_are(house: House, name: str) -> None:
    """A name is text: whatever it holds comes back unchanged."""
    made = house.identity.apps.create(name, "contoso", (PERMISSION,))
    found = house.identity.apps.find(made.client_id)
    assert found is not None
    assert found.name == name


def test_applications_are_listed_by_tenant(house: House) -> None:
    """A tenant's list holds its own applications only, oldest first; without a tenant all are listed."""
    apps = house.identity.apps
    first = apps.create("a", "contoso", (PERMISSION,))
    house.hand.forward(1)
    apps.create("b", "fabrikam", (PERMISSION,))
    house.hand.forward(1)
    third = apps.create("c", "contoso", (PERMISSION,))
    assert [app.client_id for app in apps.registered("contoso")] == [first.client_id, third.client_id]
    assert [app.name for app in apps.registered()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "tenant", "permissions"),
    [
        ("", "contoso", (PERMISSION,)),
        ("  ", "contoso", (PERMISSION,)),
        ("x" * 257, "contoso", (PERMISSION,)),
        ("half \ud800 character", "contoso", (PERMISSION,)),
        ("a", "", (PERMISSION,)),
        ("a", "contoso", ()),
        ("a", "contoso", ("two words",)),
        ("a", "contoso", ('quo"te',)),
        ("a", "contoso", ("",)),
    ],
)
def test_what_cannot_be_an_application_is_refused(
    house: House, name: str, tenant: str, permissions: tuple[str, ...]
) -> None:
    """An application needs a name, a tenant and permissions that are scope words; else nothing is stored."""
    with pytest.raises(BadRequest) as refused:
        house.identity.apps.create(name, tenant, permissions)
    assert refused.value.hint
    assert house.identity.apps.registered() == ()


def test_only_the_right_secret_of_an_enabled_application_fits(house: House) -> None:
    """A secret opens its own application and no other, and none once that is disabled."""
    apps = house.identity.apps
    one, two = apps.create("a", "contoso", (PERMISSION,)), apps.create("b", "contoso", (PERMISSION,))
    found = apps.with_secret(one.client_id, one.client_secret)
    assert found is not None
    assert found.client_id == one.client_id
    assert apps.with_secret(one.client_id, two.client_secret) is None
    assert apps.with_secret(one.client_id, "") is None
    assert apps.with_secret("unknown", one.client_secret) is None
    apps.disable(one.client_id)
    assert apps.with_secret(one.client_id, one.client_secret) is None
    assert apps.with_secret(two.client_id, two.client_secret) is not None


def test_with_a_certificate_no_secret_is_made(house: House) -> None:
    """An application registered with a certificate has no secret that anything would fit."""
    made = house.identity.apps.create("a", "contoso", (PERMISSION,), certificate_pem(rsa_key()))
    assert made.client_secret == ""
    found = house.identity.apps.find(made.client_id)
    assert found is not None
    assert not found.has_secret
    assert len(found.certificates) == 1
    assert house.identity.apps.with_secret(made.client_id, "") is None


def test_adding_a_certificate_twice_changes_nothing(house: House) -> None:
    """The same certificate counts once; a second one stands beside it, for renewal without a gap."""
    apps = house.identity.apps
    pem = certificate_pem(rsa_key())
    made = apps.create("a", "contoso", (PERMISSION,), pem)
    apps.add_certificate(made.client_id, pem)
    apps.add_certificate(made.client_id, certificate_pem(rsa_key("second")))
    found = apps.find(made.client_id)
    assert found is not None
    assert len(found.certificates) == 2


def test_the_number_of_certificates_is_bounded(house: House) -> None:
    """The eleventh certificate is refused, saying what to do."""
    apps = house.identity.apps
    made = apps.create("a", "contoso", (PERMISSION,))
    for _ in range(10):
        apps.add_certificate(made.client_id, certificate_pem(rsa_key()))
    with pytest.raises(BadRequest, match="already has 10"):
        apps.add_certificate(made.client_id, certificate_pem(rsa_key()))


def bad_certificates() -> list[tuple[str, str]]:
    key = rsa_key()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    good = certificate_pem(key)
    return [
        ("not a certificate", "not a PEM certificate"),
        (good[:200], "not a PEM certificate"),
        (good.replace("CERTIFICATE", "CERTIFICATE REQUEST"), "not a PEM certificate"),
        (good + private, "private key"),
        (certificate_pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA key"),
        (certificate_pem(rsa_key("small", 1024)), "1024 bits"),
        (certificate_pem(key, START - timedelta(days=9), START - timedelta(days=1)), "expired"),
        ("x" * 70_000, "larger than"),
    ]


@pytest.mark.parametrize(("pem", "says"), bad_certificates(), ids=lambda value: value[:20])
def test_a_certificate_that_cannot_be_used_is_refused_with_the_reason(
    house: House, pem: str, says: str
) -> None:
    """Only a current RSA certificate of 2,048 bits or more is taken, and never a private key."""
    apps = house.identity.apps
    with pytest.raises(BadRequest, match=says) as refused:
        apps.create("a", "contoso", (PERMISSION,), pem)
    assert refused.value.hint
    assert apps.registered() == ()
    made = apps.create("a", "contoso", (PERMISSION,))
    with pytest.raises(BadRequest, match=says):
        apps.add_certificate(made.client_id, pem)


def test_unknown_applications_cannot_be_changed(house: House) -> None:
    """Changing an application that is not there says so."""
    with pytest.raises(NotFound):
        house.identity.apps.disable("nobody")
    with pytest.raises(NotFound):
        house.identity.apps.add_certificate("nobody", certificate_pem(rsa_key()))


def test_every_change_is_on_the_audit_trail(house: House) -> None:
    """Creating, adding a certificate and disabling each leave one line, without the secret."""
    apps = house.identity.apps
    made = apps.create("a", "contoso", (PERMISSION,))
    apps.add_certificate(made.client_id, certificate_pem(rsa_key()))
    apps.disable(made.client_id)
    trail = entries(house.engine, "contoso")
    assert [entry.action for entry in trail] == ["app.disable", "app.add-certificate", "app.create"]
    assert {entry.subject for entry in trail} == {made.client_id}
    assert made.client_secret not in repr(trail)


def test_disabling_again_keeps_the_first_time(house: House) -> None:
    """An application stays disabled since the first time it was."""
    apps = house.identity.apps
    made = apps.create("a", "contoso", (PERMISSION,))
    apps.disable(made.client_id)
    house.hand.forward(100)
    apps.disable(made.client_id)
    found = apps.find(made.client_id)
    assert found is not None
    assert found.disabled == START


def test_the_secret_is_in_no_repr_and_no_file(house: House) -> None:
    """The plain secret is shown to the caller once and lies nowhere: not in a repr, not in the data folder."""
    made = house.identity.apps.create("a", "contoso", (PERMISSION,))
    assert made.client_secret not in repr(made)
    assert made.client_secret not in repr(house.identity.apps.find(made.client_id))
    house.close()
    for path in house.folder.iterdir():
        assert made.client_secret.encode() not in path.read_bytes()
