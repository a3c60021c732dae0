"""A storage account on this machine for the demo: Azurite, with a container and a SAS for one export."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

ACCOUNT = "devstoreaccount1"
# The emulator's published key: every Azurite of the world has it.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_AZURITE = Path(__file__).resolve().parents[1] / "node/node_modules/azurite/dist/src/blob/main.js"
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Storage:
    """A running emulator; `place` is its host and port."""

    place: str
    _service: BlobServiceClient = field(repr=False)

    def container(self, name: str) -> str:
        """A new container, and the SAS URL a client gives us: create and write, neither read nor list."""
        self._service.create_container(name)
        sas = generate_container_sas(
            ACCOUNT,
            name,
            account_key=KEY,
            permission=ContainerSasPermissions(create=True, add=True, write=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        return f"http://{self.place}/{ACCOUNT}/{name}?{sas}"

    def blobs(self, container: str) -> Mapping[str, bytes]:
        """What arrived, read with the account's own key."""
        client = self._service.get_container_client(container)
        return {blob.name: client.download_blob(blob.name).readall() for blob in client.list_blobs()}


def sha256(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def azurite(folder: Path, port: int) -> Iterator[Storage]:
    """The emulator, for as long as the block lasts, on an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    node = shutil.which("node", path=path)
    if node is None or not _AZURITE.is_file():
        raise SystemExit("Azurite is not installed: run `make demo`, which installs it.")
    quiet = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    command = [node, str(_AZURITE), "--blobPort", str(port), "--location", str(folder), *quiet]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port)
        url = f"http://127.0.0.1:{port}/{ACCOUNT}"
        yield Storage(f"127.0.0.1:{port}", BlobServiceClient(url, credential=KEY))
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("Azurite did not start.")
