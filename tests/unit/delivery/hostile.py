"""Hostile values of storageLocation, by families: each tries to make us dial where we must not."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

SAS = "sv=2023-11-03&st=2020-01-01T00:00:00Z&se=2100-01-01T00:00:00Z&sr=c&sp=acw&sig=Zm9v%2BYmFyYmF6%3D"
GOOD_HOST = "acct.blob.core.windows.net"
INNER = (
    "127.0.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "10.0.0.4",
    "100.100.100.200",
    "192.168.1.1",
    "0.0.0.0",  # noqa: S104  named to be refused
)
"""Addresses that a stranger would have us dial: ourselves, metadata services, the inner network."""
INNER_NAMES = (
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "metadata",
    "metadata.google.internal",
    "metadata.azure.internal",
    "instance-data.ec2.internal",
    "wireserver",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "host.docker.internal",
    "router",
    "intranet.contoso.local",
    "127.0.0.1.nip.io",
    "localtest.me",
    "blob.core.windows.net",
    "core.windows.net",
    "a",
)
INNER_ADDRESSES = (
    *INNER,
    "127.8.9.10", "172.16.0.1", "172.31.255.255", "100.64.0.1", "169.254.170.2", "192.0.0.192", "192.0.2.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "192.88.99.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::ffff:20.60.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
    "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:0:4136:e378::1", "2001:db8::1", "2001:2::1", "2001:20::1",
    "3fff::1", "3ffe::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "fec0::1",
    "ff02::1", "100::1", "5f00::1", "2001:db8::20.60.0.1", "not an address", "", "127.1", "0x7f000001",
)  # fmt: skip
"""Addresses that a name of Azure Storage must not have."""


def good(host: str = GOOD_HOST, path: str = "/container", query: str = SAS) -> str:
    return f"https://{host}{path}?{query}"


def spellings(text: str) -> Iterator[str]:
    """Ways of writing an IPv4 address that one program or another understands."""
    address = IPv4Address(text)
    number, parts = int(address), text.split(".")
    high, low = struct.unpack(">HH", address.packed)
    yield from (text, f"{text}.", str(number), hex(number), f"0{number:o}", f"0x{number:X}.")
    yield ".".join(hex(int(part)) for part in parts)
    yield ".".join(f"0{int(part):o}" for part in parts)
    yield ".".join(f"{int(part):03d}" for part in parts)
    yield f"{parts[0]}.{number & 0xFFFFFF}"
    yield f"{parts[0]}.{parts[1]}.{number & 0xFFFF}"
    yield f"{number + 2**32}"
    for six in (
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address(number),
        IPv6Address(f"64:ff9b::{high:x}:{low:x}"),
        IPv6Address(f"2002:{high:x}:{low:x}::1"),
    ):
        yield f"[{six}]"
        yield f"[{six.exploded}]"
    yield f"[::ffff:{text}]"
    yield f"[{IPv6Address(0xFFFF << 32 | number)}%25eth0]"
    yield text.replace(".", "。")
    yield text.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
    yield text.replace(".", "%2e")
    yield "".join(f"%{ord(letter):02x}" for letter in text)


def addresses() -> Iterator[str]:
    """Every spelling of every inner address as the host, by https and http."""
    for text in INNER:
        for host in spellings(text):
            yield good(host)
        yield f"http://{text}/container?{SAS}"
        yield f"http://{text}:10000/devstoreaccount1/container?{SAS}"
        yield f"https://{GOOD_HOST}@{text}/container?{SAS}"
        yield f"https://{text}#@{GOOD_HOST}/container?{SAS}"
        yield f"https://{text}\\@{GOOD_HOST}/container?{SAS}"


def names() -> Iterator[str]:
    """Inner names, and names that look like Azure's without being them."""
    for host in INNER_NAMES:
        yield good(host)
        yield f"http://{host}/container?{SAS}"
    for host in (
        f"{GOOD_HOST}.",
        f"{GOOD_HOST}..",
        f".{GOOD_HOST}",
        f"{GOOD_HOST}.evil.example",
        f"{GOOD_HOST}.localhost",
        f"evil.example.{GOOD_HOST}",
        f"a.{GOOD_HOST}",
        "acctblob.core.windows.net",
        "acct-blob.core.windows.net",
        "acct.blob.core.windows.net-evil.example",
        "acct.blob.core.windows.com",
        "acct.blob.core.windows.net.com",
        "acct.file.core.windows.net",
        "acct.queue.core.windows.net",
        "acct.dfs.core.windows.net",
        "acct.privatelink.blob.core.windows.net",
        "acct-secondary.blob.core.windows.net",
        "acct_x.blob.core.windows.net",
        "ac.blob.core.windows.net",
        f"{'a' * 25}.blob.core.windows.net",
        "-acct.blob.core.windows.net",
        "acct..blob.core.windows.net",
        "acct.blob..core.windows.net",
        "xn--cct-5cd.blob.core.windows.net",
        "acct.z1.blob.storage.azure.net.evil.example",
        "acct.z123.blob.storage.azure.net",
        "acct.zz.blob.storage.azure.net",
        "acct.blob.storage.azure.net",
        "acct.blob.core.cloudapi.de.evil.example",
        "acct.blob.core.windows.net%00.evil.example",
        "acct.blob.core.windows.net%2eevil.example",
        "acct%2eblob.core.windows.net",
        "acct.blob.core.windows.net%23.evil.example",
        "acct.blob.core.windows.net%40evil.example",
    ):
        yield good(host)


def letters() -> Iterator[str]:
    """Letters that look like, or are folded into, those of an allowed host."""
    for old, new in (
        ("a", "\u0430"), ("o", "\u043e"), ("c", "\u0441"), ("e", "\uff45"), ("k", "\u212a"), ("s", "\u017f"),
        (".", "\u3002"), (".", "\uff0e"), (".", "\uff61"), ("b", "\u24d1"), ("w", "\u24e6"), ("i", "\u0131"),
        ("t", "\U0001d42d"), ("n", "\uff4e"), ("a", "a\u0301"), ("a", "\u00e4"), ("ss", "\u00df"),
        ("a", "a\u200b"), ("a", "a\u200d"), ("a", "\u202ea"), ("a", "a\ufeff"), ("a", "a\u00ad"), ("/", "\u2215"),
        ("/", "\uff0f"), ("?", "\uff1f"), ("#", "\uff03"), (":", "\uff1a"), ("@", "\uff20"), ("a", "a\ud800"),
    ):  # fmt: skip
        for plain in (good(f"sskaccount{GOOD_HOST}"), good(f"sski{GOOD_HOST}")):
            if old in plain:
                yield plain.replace(old, new, 1)


def writings() -> Iterator[str]:
    """White space, control characters, backslashes, user names, ports, fragments: what parsers disagree on."""
    plain = good()
    for mark in (" ", "\t", "\n", "\r", "\r\n", "\0", "\x0b", "\x7f", "\x1f", "\u0085", "\u00a0", "\u2028"):
        yield f"{mark}{plain}"
        yield f"{plain}{mark}"
        yield plain.replace("acct", f"ac{mark}ct")
        yield plain.replace("https:", f"https{mark}:")
        yield plain.replace("/container", f"/conta{mark}iner")
    for user in ("user@", "user:password@", "@", ":@", "a@b@", "127.0.0.1:80@", "127.0.0.1%2f@"):
        yield plain.replace("//", f"//{user}", 1)
    for port in (
        ":",
        ":0",
        ":80",
        ":22",
        ":8443",
        ":10000",
        ":65536",
        ":0443",
        ":443:80",
        ":-1",
        ":443 ",
        ":4 43",
    ):
        yield good(f"{GOOD_HOST}{port}")
    for between in ("\\", "\\\\", "/\\", ":\\\\", "///", "/", "", ":/"):
        yield plain.replace("//", between, 1)
    yield from (f"{plain}#", f"{plain}#fragment", plain.replace("?", "#?"), plain.replace("?", "\\?"))
    yield from (plain.replace("/container", "\\container"), plain.replace("?", "?https://127.0.0.1/?"))
    for letter in '"<>^`{|}':
        yield plain.replace("acct", f"ac{letter}ct")
    yield from (f"[{plain}]", f"<{plain}>", f"url={plain}", plain * 2, "x" * 5000, f"{plain}&{'x' * 5000}=1")


def schemes() -> Iterator[str]:
    """Everything but https."""
    rest = f"{GOOD_HOST}/container?{SAS}"
    for scheme in (
        "http", "HTTP", "ftp", "ftps", "sftp", "file", "gopher", "dict", "ldap", "ldaps", "tftp", "ws", "wss",
        "ssh", "telnet", "smb", "nfs", "jar", "netdoc", "phar", "data", "blob", "about", "javascript", "unix",
        "http+unix", "https+insecure", "abfss", "wasbs", "wasb", "s3", "gs", "azure", "view-source", "httpx",
        "hhttps", "https:https", "1https", "",
    ):  # fmt: skip
        yield f"{scheme}://{rest}"
    yield from (
        "file:///etc/passwd?" + SAS,
        "data:text/plain,x?" + SAS,
        "javascript:alert(1)",
        f"//{rest}",
        rest,
    )
    yield from ("", "/", "?", "#", "null", "MyStorageAccount", "..", "C:\\container", "\\\\server\\share")


def paths_and_queries() -> Iterator[str]:
    """Paths that are no container, and queries that would change the call that is made with them."""
    for path in (
        "", "/", "//", "//container", "/container//", "/a/container", "/container/blob", "/./container",
        "/container/..", "/../container", "/container/%2e%2e", "/%2e%2e/container", "/con%2ftainer", "/con%00",
        "/$root", "/$web", "/$logs", "/Container", "/con_tainer", "/con--tainer", "/-container", "/container-",
        "/co", f"/{'c' * 64}", "/container;x", "/container,x", "/con.tainer", "/con:tainer", "/con@tainer",
    ):  # fmt: skip
        yield good(path=path)
    for query in (
        "", "&&", "sv=2023-11-03", "sig=x", SAS.replace("sig=", "SIG="), SAS.replace("sv=", "sv"),
        f"{SAS}&ss=b&srt=sco", f"{SAS}&srt=sco", f"{SAS}&sig=x", f"sig=x&{SAS}", f"{SAS}&sp=rwdl", f"{SAS}&sr=c",
        f"{SAS}&comp=metadata", f"{SAS}&restype=container", f"{SAS}&comp=acl&restype=container",
        f"{SAS}&snapshot=2020", f"{SAS}&versionid=1", f"{SAS}&timeout=1", f"{SAS}&blockid=x", f"{SAS}&x-ms-version=1",
        f"{SAS}&copyid=1", f"{SAS}&%63omp=list", f"{SAS}&comp", f"{SAS}&=x", f"{SAS}&a=b", f"{SAS}%0d%0aHost:x",
        f"{SAS}&rscd=%0d%0ax", f"{SAS}%00", f"{SAS}%", f"{SAS}%zz", f"{SAS}%u0041", f"{SAS}&sks=%ff",
        SAS.replace("se=2100", "se=x"), SAS.replace("st=2020-01-01T", "st=2020-13-01T"), SAS.replace("&", ";"),
    ):  # fmt: skip
        yield good(query=query)


def all_hostile() -> list[str]:
    """Every hostile value once."""
    families = (addresses, names, letters, writings, schemes, paths_and_queries)
    return list(dict.fromkeys(value for family in families for value in family()))
