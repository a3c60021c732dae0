"""Where operations deliver to, with this installation's rules: containers of Azure Storage, and folders."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from waybill.delivery import probe, tree
from waybill.delivery.container import Container
from waybill.delivery.locations import StorageRules, check_absolute, parse_location
from waybill.delivery.network import Network
from waybill.delivery.outgoing import Target
from waybill.delivery.patience import WHILE_THE_CALLER_WAITS
from waybill.errors import LocationFault, LocationRefused
from waybill.settings import Settings


@dataclass(frozen=True, slots=True)
class Located:
    """A destination that may be delivered to: the whole of it, which nobody is shown, and what is shown."""

    whole: str = field(repr=False)
    shown: str


class Storage(Protocol):
    """Places that may be claimed for one export each and then delivered to."""

    def check(self, tenant: str, text: str) -> None:
        """Row 2 of graph.md 2.3 alone, without any network. Raises LocationRefused."""

    def locate(self, tenant: str, text: str) -> Located:
        """Rows 2 and 5 to 7, a registered name resolved. Raises LocationRefused."""

    def claim(self, located: Located, request_info: bytes) -> None:
        """Rows 8 to 11: RequestInfo.json is written, or LocationRefused raised."""

    def release(self, located: Located) -> None:
        """Take RequestInfo.json away again, as well as that goes; raises nothing."""

    def target(self, whole: str) -> Target:
        """The destination, to deliver to. `whole` as `locate` gave it."""

    def claim_folder(self, folder: Path, request_info: bytes) -> None:
        """The same as `claim`, for a folder of this machine."""

    def release_folder(self, folder: Path) -> None:
        """The same as `release`, for a folder of this machine."""

    def folder_target(self, folder: Path) -> Target:
        """A folder of this machine, to deliver to."""


class Destinations(Protocol):
    """Registered destinations of tenants (waybill.delivery.destinations)."""

    def find(self, tenant: str, name: str) -> str | None:
        """The whole URL registered under this name, or None."""


class DeliveryStorage:
    """The `Storage` of real installations."""

    def __init__(self, rules: StorageRules, destinations: Destinations, network: Network) -> None:
        """`network` as a delivery in the background has it; a caller who waits gets less patience."""
        self._rules = rules
        self._destinations = destinations
        self._network = network
        self._hasty = replace(network, patience=WHILE_THE_CALLER_WAITS)

    def check(self, tenant: str, text: str) -> None:
        check_absolute(self._resolved(tenant, text))

    def locate(self, tenant: str, text: str) -> Located:
        whole = self._resolved(tenant, text)
        return Located(whole, parse_location(whole, self._rules).safe_url)

    def _resolved(self, tenant: str, text: str) -> str:
        """A bare name stands for the destination registered under it; a URL is never looked up."""
        if ":" in text:
            return text
        return self._destinations.find(tenant, text) or text

    def claim(self, located: Located, request_info: bytes) -> None:
        probe.claim(parse_location(located.whole, self._rules), request_info, self._hasty)

    def release(self, located: Located) -> None:
        probe.release(parse_location(located.whole, self._rules), self._hasty)

    def target(self, whole: str) -> Target:
        return Container(parse_location(whole, self._rules), self._network)

    def claim_folder(self, folder: Path, request_info: bytes) -> None:
        tree.claim(folder, request_info)

    def release_folder(self, folder: Path) -> None:
        tree.release(folder)

    def folder_target(self, folder: Path) -> Target:
        return tree.Tree(folder)


def is_strange_host(location: str, settings: Settings) -> bool:
    """Whether the host alone would be refused, were the path a container's."""
    rules = StorageRules(settings.storage_hosts, settings.storage_emulators, settings.storage_ca)
    parts = urlsplit(location)
    if parts.netloc.lower() in {one.lower() for one in rules.emulators}:
        return False
    try:
        parse_location(f"https://{parts.netloc}/container?{parts.query}", rules)
    except LocationRefused as error:
        return error.fault is LocationFault.INVALID
    return False
