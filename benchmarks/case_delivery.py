"""Personal data to storage: 10,000 small files and a large one into a sink on loopback, CPU of the sender alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import work
from benchmarks.model import Answer, Contender, Given, Plan, Role, Target
from benchmarks.place import ROOT, Place

if TYPE_CHECKING:
    import ssl

    from waybill.delivery.outgoing import Outgoing

TITLE = "Personal data: files to a storage sink"
SAS = "sv=2023-11-03&sr=c&sp=acw&se=2100-01-01T00:00:00Z&sig=c2luaw%3D%3D"
SMALL = 10 * 1024
CHUNK = bytes(range(256)) * 4096
THREADS = 8


def plan(place: Place, stack: ExitStack) -> Plan:
    files = 2_000 if place.quick else 10_000
    size = (128 if place.quick else 1024) * 2**20
    tls = place.child_once("tls", "delivery")
    authority, certificate, key = (
        str(tls / name) for name in json.loads((tls / "names.json").read_text("utf-8"))
    )
    plain = storage_sink(stack)
    secure = storage_sink(stack, certificate, key)
    small: Given = {"port": plain, "files": files, "size": SMALL, "ca": ""}
    large: Given = {"port": secure, "files": 1, "size": size, "ca": authority}
    slow = 1 if not place.quick else 0

    def one(name: str, title: str, role: Role, given: Given, rounds: int = 0) -> Contender:
        return Contender(name, title, role, given, rounds, "small files" if given is small else "large file")

    aio = (
        ()
        if place.quick
        else (one("azure-aio-small", "azure-storage-blob, asyncio: small files", Role.PEER, small, 1),)
    )
    return Plan(
        contenders=(
            one("waybill-small", f"Waybill: {files:,} files of 10 KiB", Role.OURS, small),
            one("socket-small", "Limit: one socket, prebuilt requests, small files", Role.LIMIT, small),
            one("azure-small", f"azure-storage-blob, {THREADS} threads: small files", Role.PEER, small, slow),
            *aio,
            one("waybill-large", f"Waybill: 1 file of {size >> 20:,} MiB, TLS", Role.OURS, large),
            one("socket-large", "Limit: one socket, large file, TLS", Role.LIMIT, large),
            one("azure-large", "azure-storage-blob: large file, TLS", Role.PEER, large, 3),
        ),
        targets=(
            Target(
                "small files: at most 6 x the CPU of one socket",
                "waybill-small",
                "cpu",
                ("socket-small",),
                at_most=6,
            ),
            Target(
                "small files: at least 12 x less CPU than azure-storage-blob",
                "waybill-small",
                "cpu",
                ("azure-small", "azure-aio-small"),
                at_least=12,
                inverse=True,
            ),
            Target(
                "large file over TLS: at most 2 x the CPU of one socket",
                "waybill-large",
                "cpu",
                ("socket-large",),
                at_most=2,
            ),
            Target(
                "small files: peak memory under 200 MB", "waybill-small", "peak_mb", at_most=200e6 / 2**20
            ),
            Target("large file: peak memory under 200 MB", "waybill-large", "peak_mb", at_most=200e6 / 2**20),
        ),
        main="cpu",
        main_title="CPU seconds of the sending process",
        facts=(
            "the sink is another process on loopback and is not counted",
            "ours hashes every file twice (SHA-256 for the manifest, MD5 for storage to compare) and forces its journal to disk",
            "azure-storage-blob, as people call it, sends no checksum and keeps no journal; the limit sends bytes and no more",
        ),
    )


def storage_sink(stack: ExitStack, *files: str) -> int:
    """Start a sink that ends with the case; its port."""
    import subprocess  # here and below: each contender is a process, and loads what it uses itself

    words = [sys.executable, "-m", "benchmarks.sink", *files]
    process = stack.enter_context(subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True))
    stack.callback(process.terminate)
    return int(process.stdout.readline()) if process.stdout is not None else 0


def prepare(path: Path, _given: Given) -> None:
    """A certificate for loopback and its authority."""
    from waybill.clock import SYSTEM_CLOCK
    from waybill.identity.local_ca import open_tls

    made = open_tls(path, ("127.0.0.1", "localhost"), SYSTEM_CLOCK, machine="benchmark")
    names = [str(one.relative_to(path)) for one in (made.authority, made.certificate, made.key)]
    (path / "names.json").write_text(json.dumps(names), "utf-8")


def contend(name: str, given: Given) -> Answer:
    kind = name.partition("-")[0] + ("-aio" if "aio" in name else "")
    return {"waybill": _waybill, "socket": _socket, "azure": _azure, "azure-aio": _azure_aio}[kind](given)


def check(_name: str, given: Given) -> Answer:
    """What the sink got since it was asked last."""
    import ssl
    import urllib.request

    scheme, context = (
        ("https", ssl.create_default_context(cafile=str(given["ca"]))) if given["ca"] else ("http", None)
    )
    with urllib.request.urlopen(f"{scheme}://127.0.0.1:{given['port']}/sums", context=context) as answer:  # noqa: S310  # our own sink
        told = json.load(answer)
    return Answer(told["files"], f"{told['bytes']} bytes, sum {told['sum']}")


def _url(given: Given) -> str:
    return f"{'https' if given['ca'] else 'http'}://127.0.0.1:{given['port']}/devstoreaccount1/container"


def _chunks(number: int, size: int) -> Iterator[bytes]:
    """A file's bytes; each small file has its own."""
    if size < len(CHUNK):
        yield number.to_bytes(8, "big") * (size // 8)
        return
    for start in range(0, size, len(CHUNK)):
        yield CHUNK[: size - start]


def _waybill(given: Given) -> Answer:
    import tempfile

    from waybill.delivery.container import Container
    from waybill.delivery.journal import Journal
    from waybill.delivery.locations import StorageRules, parse_location
    from waybill.delivery.network import Network
    from waybill.delivery.outgoing import Outgoing

    size = int(str(given["size"]))

    def files() -> Iterator[Outgoing]:
        for number in range(int(str(given["files"]))):
            yield Outgoing(f"20/{number}.bin", size, partial(_chunks, number, size))

    ca = Path(str(given["ca"])) if given["ca"] else None
    rules = StorageRules(emulators=(f"127.0.0.1:{given['port']}",), ca=ca)
    location = parse_location(f"{_url(given)}?{SAS}", rules)
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder) / "journal") as journal,
        work() as done,
    ):
        target = Container(location, Network(ca=ca))
        arrived = sum(1 for _ in target.deliver(files(), journal, lambda _path, _size: None))
    return Answer(arrived, "", done.wall, done.cpu)


def _socket(given: Given) -> Answer:
    """One connection, one request after another, every request's text made before: nobody needs less."""
    import socket
    import ssl

    size, files = int(str(given["size"])), int(str(given["files"]))
    heads = [
        f"PUT /devstoreaccount1/container/20/{number}.bin?{SAS} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"x-ms-blob-type: BlockBlob\r\nContent-Length: {size}\r\n\r\n".encode()
        for number in range(files)
    ]
    with work() as done, socket.create_connection(("127.0.0.1", int(str(given["port"])))) as plain:
        context = _trust(str(given["ca"])) if given["ca"] else None
        line = context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain
        for number, one in enumerate(heads):
            if size < len(CHUNK):
                line.sendall(one + b"".join(_chunks(number, size)))
            else:
                line.sendall(one)
                for chunk in _chunks(number, size):
                    line.sendall(chunk)
            if not line.recv(4096).startswith(b"HTTP/1.1 201"):
                raise ValueError("the sink refused")
        if isinstance(line, ssl.SSLSocket):
            line.close()
    return Answer(files, "", done.wall, done.cpu)


def _trust(ca: str) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context(cafile=ca)


def _azure(given: Given) -> Answer:
    from concurrent.futures import ThreadPoolExecutor

    from azure.storage.blob import ContainerClient

    size, files = int(str(given["size"])), int(str(given["files"]))
    more: dict[str, Any] = {"connection_verify": str(given["ca"])} if given["ca"] else {}
    with ContainerClient.from_container_url(f"{_url(given)}?{SAS}", **more) as container, work() as done:
        if files == 1:
            container.upload_blob("20/0.bin", _chunks(0, size), length=size, max_concurrency=4)
        else:
            with ThreadPoolExecutor(THREADS) as pool:
                for _ in pool.map(
                    lambda number: container.upload_blob(f"20/{number}.bin", b"".join(_chunks(number, size))),
                    range(files),
                ):
                    pass
    return Answer(files, "", done.wall, done.cpu)


def _azure_aio(given: Given) -> Answer:
    import asyncio

    from azure.storage.blob.aio import ContainerClient

    size, files = int(str(given["size"])), int(str(given["files"]))

    async def run() -> None:
        numbers = iter(range(files))
        async with ContainerClient.from_container_url(f"{_url(given)}?{SAS}") as container:

            async def worker() -> None:
                for number in numbers:
                    await container.upload_blob(f"20/{number}.bin", b"".join(_chunks(number, size)))

            await asyncio.gather(*(worker() for _ in range(2 * THREADS)))

    with work() as done:
        asyncio.run(run())
    return Answer(files, "", done.wall, done.cpu)
