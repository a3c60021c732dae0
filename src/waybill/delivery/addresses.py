"""Which network addresses a storage host may have: a table of our own, kept by rule and not by belief.

Python's `ipaddress` calls Azure's own host service (168.63.129.16) and several forms in which an IPv6
address carries an IPv4 one "global". So IPv4 is a list of what is refused (IANA's special-purpose
registry and the clouds' inner services), and IPv6 a list of what is allowed: global unicast only.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from waybill.delivery.locations import HostKind

_PRIVATE_4 = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_LOOPBACK_4 = (IPv4Network("127.0.0.0/8"),)
_REFUSED_4 = (
    *_PRIVATE_4,
    *_LOOPBACK_4,
    *map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network; Linux dials itself
            "100.64.0.0/10",  # carrier-grade NAT; holds a cloud's metadata service
            "168.63.129.16/32",  # Azure's host service: DNS, DHCP, health, the machine's secrets
            "169.254.0.0/16",  # link-local; holds most clouds' metadata services
            "192.0.0.0/24",  # protocol assignments; holds a cloud's metadata service
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, with broadcast
        ),
    ),
)

_GLOBAL_6 = IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: carries any IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3ffe::/16",  # the former 6bone
            "3fff::/20",  # documentation
        ),
    )
)
_PRIVATE_6 = IPv6Network("fc00::/7")
_METADATA_6 = tuple(map(IPv6Network, ("fd00:ec2::/32", "fd20:ce::/32", "fd00:a9fe:a9fe::/48")))
_LOOPBACK_6 = IPv6Address("::1")


def may_dial(address: str, kind: HostKind) -> bool:
    """Whether a host of this kind may have this address. What is no address may not be dialled."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _may_dial_4(parsed, kind)
    return parsed.scope_id is None and _may_dial_6(parsed, kind)


def _may_dial_4(address: IPv4Address, kind: HostKind) -> bool:
    if kind is not HostKind.AZURE and any(address in network for network in _PRIVATE_4):
        return True
    if kind is HostKind.EMULATOR and any(address in network for network in _LOOPBACK_4):
        return True
    return not any(address in network for network in _REFUSED_4)


def _may_dial_6(address: IPv6Address, kind: HostKind) -> bool:
    if kind is not HostKind.AZURE and address in _PRIVATE_6:
        return not any(address in network for network in _METADATA_6)
    if kind is HostKind.EMULATOR and address == _LOOPBACK_6:
        return True
    return address in _GLOBAL_6 and not any(address in network for network in _REFUSED_6)
