"""Read a storageLocation, which is a stranger's word, into a place we are willing to speak to.

The text is taken apart by one strict grammar of our own: a lenient parser would read it in one way
and dial in another. The order of the checks is that of graph.md 2.3: row 2 (`check_absolute`, cheap),
then rows 5, 6 and 7, then what makes it row 11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Never

from waybill.delivery.sas import Sas, check_service_sas, read_sas
from waybill.errors import LocationFault, LocationRefused

MAX_LENGTH = 4096
_TEXT = re.compile(r"[\x21-\x7e]+")
_NEVER_IN_A_URI = frozenset('\\"<>^`{|}')
_URI = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]+)"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?P<fragment>#.*)?"
)
_AUTHORITY = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::(?P<port>[1-9][0-9]{0,4}))?")
_AZURE_HOST = re.compile(
    r"(?P<account>[a-z0-9]{3,24})\.(?:"
    r"blob\.core\.windows\.net|blob\.core\.usgovcloudapi\.net|blob\.core\.chinacloudapi\.cn"
    r"|z[0-9]{1,2}\.blob\.storage\.azure\.net)"
)
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
_PORTS = {"https": 443, "http": 80}

_HOSTS_HINT = (
    "Use the SAS URL of a container in Azure Storage, https://<account>.blob.core.windows.net/<container>?..., "
    "or ask the operator of this service to allow the host (storage_hosts)."
)


class HostKind(StrEnum):
    """Why a host is allowed, which decides what addresses its name may have."""

    AZURE = "azure"  # a host of Azure Storage: public addresses only
    LISTED = "listed"  # named by the operator (storage_hosts): may be a private endpoint
    EMULATOR = "emulator"  # named by the operator (storage_emulators): loopback and http too


@dataclass(frozen=True, slots=True)
class StorageRules:
    """What the operator allows beside Azure's own hosts: `hosts` exact names, `emulators` `host:port`.

    ca: a PEM file of authorities to trust at storage hosts, beside the system's.
    """

    hosts: tuple[str, ...] = ()
    emulators: tuple[str, ...] = ()
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A container that we may try to deliver into. Its `repr` and `safe_url` show no SAS.

    account: the storage account; of an emulator the first part of the path, else of the host
    """

    scheme: str
    host: str
    port: int
    account: str
    container: str
    kind: HostKind
    sas: Sas

    @property
    def emulator(self) -> bool:
        return self.kind is HostKind.EMULATOR

    @property
    def safe_url(self) -> str:
        """The container's URL without the query: what operations, logs and pages may show."""
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        account = f"/{self.account}" if self.emulator else ""
        return f"{self.scheme}://{self.host}{port}{account}/{self.container}"


def check_absolute(text: str) -> None:
    """Row 2 alone: `text` is an absolute URI. Raises LocationRefused (INVALID). Touches no network."""
    _split(text)


def parse_location(text: str, rules: StorageRules) -> Location:
    """The container that `text` names. Raises LocationRefused; touches no network."""
    uri = _split(text)
    check_service_sas(uri["query"])
    scheme, (host, port) = uri["scheme"].lower(), _host_and_port(uri)
    emulator = _is_emulator(host, port, rules)
    parts = _segments(uri["path"])
    if len(parts) != (2 if emulator else 1):
        raise LocationRefused(
            LocationFault.NOT_A_CONTAINER,
            "The storage location does not name one container.",
            "Its path must be the container's name and nothing else.",
        )
    sas = read_sas(uri["query"])
    if not host:
        _invalid("Its host is not a plain name, or it carries a user name.")
    if uri["fragment"]:
        _invalid("It has a fragment.")
    kind, account = (HostKind.EMULATOR, parts[0]) if emulator else _kind(scheme, host, port, rules)
    if emulator and (scheme not in _PORTS or not _ACCOUNT.fullmatch(account)):
        _invalid("An emulator is spoken to by http or https, as /<account>/<container>.")
    if not _CONTAINER.fullmatch(parts[-1]) or len(parts[-1]) > 63:
        _invalid("Its path is not a container's name (3 to 63 of a-z, 0-9 and single hyphens).")
    return Location(scheme, host, port, account, parts[-1], kind, sas)


def _split(text: str) -> Mapping[str, str]:
    found = None
    if len(text) <= MAX_LENGTH and _TEXT.fullmatch(text) and _NEVER_IN_A_URI.isdisjoint(text):
        found = _URI.fullmatch(text)
    if found is None:
        _invalid("It is not an absolute URL.")
    return {name: value or "" for name, value in found.groupdict().items()}


def _host_and_port(uri: Mapping[str, str]) -> tuple[str, int]:
    """Lower-case host, and port; an empty host where the authority is anything but these two."""
    authority = _AUTHORITY.fullmatch(uri["authority"])
    if authority is None:
        return "", 0
    return authority["host"].lower(), int(authority["port"] or _PORTS.get(uri["scheme"].lower(), 0))


def _segments(path: str) -> list[str]:
    """The parts of a path. One slash at the end says nothing; an empty part is a part."""
    trimmed = path.removeprefix("/").removesuffix("/")
    return trimmed.split("/") if trimmed else []


def _is_emulator(host: str, port: int, rules: StorageRules) -> bool:
    return f"{host}:{port}" in {entry.lower() for entry in rules.emulators}


def _kind(scheme: str, host: str, port: int, rules: StorageRules) -> tuple[HostKind, str]:
    if scheme != "https":
        _invalid("It is not an https URL.")
    if port != 443:
        _invalid("It names a port other than 443.")
    azure = _AZURE_HOST.fullmatch(host)
    if host in {entry.lower() for entry in rules.hosts}:
        return HostKind.LISTED, azure["account"] if azure else host.partition(".")[0]
    if azure is None:
        _invalid("Its host is not one of Azure Storage.", _HOSTS_HINT)
    return HostKind.AZURE, azure["account"]


def _invalid(why: str, hint: str = "") -> Never:
    raise LocationRefused(LocationFault.INVALID, f"The storage location is not valid. {why}", hint)
