"""The installation's own certificate authority and the server certificate it signs."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import stat
import subprocess
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.unit.identity.identity_parts import HandClock
from waybill.clock import SYSTEM_CLOCK
from waybill.errors import DataProblem
from waybill.identity.local_ca import (
    LEAF_LIFE,
    RENEW_LEAF_BEFORE,
    TlsFiles,
    open_tls,
    server_names,
)

PUBLIC = "https://export.contoso.com:8443/x"


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def shake_hands(files: TlsFiles, name: str) -> str:
    """One strict TLS connection to `name`; "" or why the client refuses the server."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(files.authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    here, there = socket.socketpair()

    def answer() -> None:
        try:
            with server.wrap_socket(there, server_side=True) as talk:
                talk.send(b"x")
        except OSError:
            there.close()  # the client hung up; it says why

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name) as talk:
            return "" if talk.recv(1) == b"x" else "nothing came"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        here.close()
        thread.join(10)


def test_the_names_are_loopback_the_address_and_the_public_name() -> None:
    """The certificate is for what clients are told to call the server, never for "any address"."""
    always = ("localhost", "127.0.0.1", "::1")
    assert server_names("127.0.0.1", "") == always
    assert server_names("0.0.0.0", PUBLIC) == (*always, "export.contoso.com")  # noqa: S104  not a bind
    assert server_names("10.0.0.7", "https://[fd00::7]") == (*always, "10.0.0.7", "fd00::7")
    assert server_names("bad_name", "https://-x.example") == always


def test_clients_that_trust_the_authority_reach_the_server_by_each_name(tmp_path: Path) -> None:
    """A strict client accepts each of the names, and no other."""
    names = server_names("127.0.0.1", PUBLIC)
    files = open_tls(tmp_path / "tls", names, SYSTEM_CLOCK, machine="Worker-1")
    assert files.new_authority
    for name in (*names, "worker-1"):
        assert shake_hands(files, name) == "", name
    assert "mismatch" in shake_hands(files, "login.microsoftonline.com")


def test_the_authority_cannot_vouch_for_other_sites(tmp_path: Path) -> None:
    """Whoever stole its key could still not pass for a name that is not this server's."""
    files = open_tls(tmp_path, server_names("127.0.0.1", ""), SYSTEM_CLOCK)
    authority = certificate(files.authority)
    signer = load_pem_private_key((tmp_path / "authority.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    own = certificate(files.certificate)
    key = load_pem_private_key(files.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    for name, general in (
        ("bank.example", x509.DNSName("bank.example")),
        ("10.1.2.3", x509.IPAddress(ipaddress.ip_address("10.1.2.3"))),
    ):
        builder = (
            x509.CertificateBuilder()
            .subject_name(own.subject)
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(own.not_valid_before_utc)
            .not_valid_after(own.not_valid_after_utc)
        )
        for extension in own.extensions:
            value = extension.value
            if isinstance(value, x509.SubjectAlternativeName):
                value = x509.SubjectAlternativeName([general])
            builder = builder.add_extension(value, extension.critical)
        forged = tmp_path / "forged.pem"
        forged.write_bytes(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM))
        stolen = TlsFiles(files.authority, forged, files.key, new_authority=False)
        assert "permitted subtree" in shake_hands(stolen, name)


def test_keys_are_for_this_account_alone(tmp_path: Path) -> None:
    """Nobody else on the machine may read the private keys; no temporary file stays behind."""
    open_tls(tmp_path / "tls", server_names("127.0.0.1", ""), SYSTEM_CLOCK)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").iterdir()}
    assert set(files) == {"authority.pem", "authority.key", "server.pem", "server.key"}
    assert files["authority.key"] == files["server.key"] == 0o600


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    """Certificates are kept as long as they are good for half a year and fit the names."""
    hand = HandClock()
    names = server_names("127.0.0.1", PUBLIC)
    first = open_tls(tmp_path, names, hand.clock(), machine="one")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    second = open_tls(tmp_path, names, hand.clock(), machine="one")
    assert first.new_authority
    assert not second.new_authority
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_server_certificate_is_renewed_in_time(tmp_path: Path) -> None:
    """Half a year before its end a new one is signed by the same authority, which clients trust already."""
    hand = HandClock()
    names = server_names("127.0.0.1", "")
    first = open_tls(tmp_path, names, hand.clock())
    trusted, old = first.authority.read_bytes(), certificate(first.certificate)
    hand.forward((LEAF_LIFE - RENEW_LEAF_BEFORE + timedelta(hours=1)).total_seconds())
    second = open_tls(tmp_path, names, hand.clock())
    new = certificate(second.certificate)
    assert not second.new_authority
    assert second.authority.read_bytes() == trusted
    assert new.not_valid_after_utc > old.not_valid_after_utc
    new.verify_directly_issued_by(certificate(second.authority))


def test_an_authority_near_its_end_is_replaced(tmp_path: Path) -> None:
    """Nobody is served a certificate that outlives the authority behind it."""
    hand = HandClock()
    names = server_names("127.0.0.1", "")
    open_tls(tmp_path, names, hand.clock())
    hand.forward(timedelta(days=3650 - 390).total_seconds())
    later = open_tls(tmp_path, names, hand.clock())
    assert later.new_authority
    assert (
        certificate(later.certificate).not_valid_after_utc < certificate(later.authority).not_valid_after_utc
    )


def test_a_new_public_name_needs_a_new_authority_and_a_machines_name_does_not(tmp_path: Path) -> None:
    """Clients must trust anew only for a name they are told; a container's changing name is left out."""
    names = server_names("127.0.0.1", "")
    open_tls(tmp_path, names, SYSTEM_CLOCK, machine="one")
    renamed = open_tls(tmp_path, names, SYSTEM_CLOCK, machine="two")
    assert not renamed.new_authority
    assert "mismatch" in shake_hands(renamed, "two")
    moved = open_tls(tmp_path, server_names("127.0.0.1", PUBLIC), SYSTEM_CLOCK, machine="two")
    assert moved.new_authority
    assert shake_hands(moved, "export.contoso.com") == ""


def test_a_half_written_server_pair_is_made_again(tmp_path: Path) -> None:
    """A crash between key and certificate costs nothing: a new pair by the same authority."""
    names = server_names("127.0.0.1", "")
    files = open_tls(tmp_path, names, SYSTEM_CLOCK)
    trusted = files.authority.read_bytes()
    for spoil in (files.certificate.unlink, lambda: files.key.write_bytes(b"torn")):
        spoil()
        again = open_tls(tmp_path, names, SYSTEM_CLOCK)
        assert not again.new_authority
        assert again.authority.read_bytes() == trusted
        assert shake_hands(again, "localhost") == ""


@pytest.mark.parametrize("name", ["authority.pem", "authority.key"])
def test_a_damaged_authority_is_never_replaced_silently(tmp_path: Path, name: str) -> None:
    """What clients trust changes only on purpose: the start is refused, and says what to do."""
    names = server_names("127.0.0.1", "")
    open_tls(tmp_path, names, SYSTEM_CLOCK)
    (tmp_path / name).write_text("damaged")
    with pytest.raises(DataProblem, match="delete both"):
        open_tls(tmp_path, names, SYSTEM_CLOCK)


def test_openssl_finds_the_chain_good(tmp_path: Path) -> None:
    """An independent reader verifies the chain strictly."""
    files = open_tls(tmp_path, server_names("127.0.0.1", PUBLIC), SYSTEM_CLOCK, machine="worker")
    try:
        run = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-CAfile", files.authority, files.certificate],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("no openssl command on this machine")
    assert run.returncode == 0, run.stderr
