"""A certificate authority of this installation alone, and the server's certificate signed by it, for HTTPS.

For installations without certificates of their own, and for trying things out: Microsoft's clients
refuse to sign in over plain HTTP. Whoever trusts the authority need not fear for other sites: its
certificate is constrained to the names of this server (RFC 5280 4.2.1.10).
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from waybill.clock import Clock
from waybill.errors import DataProblem

AUTHORITY_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=397)  # the longest that browsers accept of public authorities
RENEW_LEAF_BEFORE = timedelta(days=180)
"""Looked at on each start: a server that is not restarted for half a year would come to the end of its own."""

_ALWAYS = ("localhost", "127.0.0.1", "::1")
_EARLIER = timedelta(days=1)  # clients whose clock is behind
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a server needs, and what its clients must trust (`authority`); all PEM files.

    `new_authority` says that the authority was made just now: clients that trusted an older one must be told.
    """

    authority: Path
    certificate: Path
    key: Path
    new_authority: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def server_names(host: str, public_url: str) -> tuple[str, ...]:
    """The names clients are told to call this server by: loopback, `host`, and the host of `public_url`."""
    names = [*_ALWAYS, host.lower(), urlsplit(public_url).hostname or ""]
    return tuple(dict.fromkeys(name for name in names if _names_a_server(name)))


def open_tls(folder: Path, names: tuple[str, ...], clock: Clock, *, machine: str = "") -> TlsFiles:
    """The files in `folder`, made or renewed if they are missing, soon over or not for all of `names`.

    A new name needs a new authority, since the old one may not vouch for it. Only `machine`, the
    name the system goes by, is left out then: a container's changes at each start. Call it from
    one process at a time. Raises DataProblem if the authority's files are damaged.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = clock.now()
    authority = _read(folder, "authority")
    new_authority = authority is None or not _vouches(authority.certificate, names, now)
    also = (machine.lower(),) if _names_a_server(machine.lower()) else ()
    if authority is None or new_authority:
        authority = _make_authority(tuple(dict.fromkeys(names + also)), now)
        _write(folder, "authority", authority)
    if _vouches(authority.certificate, also, now):
        names = tuple(dict.fromkeys(names + also))
    leaf = None if new_authority else _read_leaf(folder)
    if leaf is None or not _serves(leaf, authority, names, now):
        _write(folder, "server", _make_leaf(authority, names, now), authority.certificate)
    return TlsFiles(folder / "authority.pem", folder / "server.pem", folder / "server.key", new_authority)


def _make_authority(names: tuple[str, ...], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    # Each authority has a name of its own: clients find issuers by name, and old ones stay in trust stores.
    name = _name(f"Waybill authority {secrets.token_hex(4)}")
    permitted = x509.NameConstraints(
        permitted_subtrees=[_subtree(one) for one in names], excluded_subtrees=None
    )
    certificate = (
        _builder(name, name, key, key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(permitted, critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _make_leaf(authority: _Pair, names: tuple[str, ...], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name("Waybill server")  # no host name: those are in the extension, where clients look
    certificate = (
        _builder(subject, authority.certificate.subject, key, authority.key, now, LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(one) for one in names]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + life)
        .add_extension(identifier, critical=False)
        .add_extension(by, critical=False)
    )


def _vouches(authority: x509.Certificate, names: tuple[str, ...], now: datetime) -> bool:
    """Whether this authority may sign for all these names, and outlives a certificate signed today."""
    if not authority.not_valid_before_utc <= now <= authority.not_valid_after_utc - LEAF_LIFE:
        return False
    try:
        constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return True  # put here by the operator; ours has one
    return all(_subtree(name) in (constraints.permitted_subtrees or ()) for name in names)


def _serves(leaf: _Pair, authority: _Pair, names: tuple[str, ...], now: datetime) -> bool:
    certificate = leaf.certificate
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return (
        certificate.issuer == authority.certificate.subject
        and certificate.not_valid_before_utc <= now
        and now + RENEW_LEAF_BEFORE <= certificate.not_valid_after_utc
        and all(_alternative(name) in named for name in names)
    )


def _read_leaf(folder: Path) -> _Pair | None:
    """The server's own pair; None if it is missing or half-written, since a new one costs nothing."""
    try:
        return _read(folder, "server")
    except DataProblem:
        return None


def _read(folder: Path, stem: str) -> _Pair | None:
    """A certificate with its key; None if neither is there. Raises DataProblem."""
    try:
        pem, private = (folder / f"{stem}.pem").read_bytes(), (folder / f"{stem}.key").read_bytes()
        certificate = x509.load_pem_x509_certificates(pem)[0]
        key = load_pem_private_key(private, None)
    except FileNotFoundError:
        return None  # of a pair whose writing was interrupted, the half that is there was never used
    except (ValueError, TypeError) as error:
        raise _damaged(folder, stem) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise _damaged(folder, stem)
    return _Pair(certificate, key)


def _damaged(folder: Path, stem: str) -> DataProblem:
    return DataProblem(
        f"{stem}.pem or {stem}.key in {folder} is damaged, or they do not belong together.",
        "Put them back from a backup, or delete both: new ones are made, and clients must trust the new authority.",
    )


def _write(folder: Path, stem: str, pair: _Pair, *chain: x509.Certificate) -> None:
    """The key first: what is named by a certificate is there. Only this account may read the key."""
    private = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificates = b"".join(one.public_bytes(Encoding.PEM) for one in (pair.certificate, *chain))
    (folder / f"{stem}.pem").unlink(missing_ok=True)
    for name, content in ((f"{stem}.key", private), (f"{stem}.pem", certificates)):
        temporary = folder / f"{name}.{secrets.token_hex(8)}.tmp"
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(folder / name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _names_a_server(name: str) -> bool:
    address = _address(name)
    return not address.is_unspecified if address else bool(_HOST.fullmatch(name))


def _alternative(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.IPAddress(address) if address else x509.DNSName(name)


def _subtree(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.IPAddress(ipaddress.ip_network(address)) if address else x509.DNSName(name)
