"""A real storage emulator (Azurite) for tests: started on a free port, asked with Microsoft's own client.

Use: in a `conftest.py`, `from tests.azurite import azurite as azurite`; the fixture skips, visibly, where
Azurite is not installed. `running_azurite` starts one of your own, over TLS or with its data on disk.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import (
    BlobServiceClient,
    ContainerClient,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from tests.local_tls import Certificate
from tests.node_parts import require_package
from waybill.delivery.locations import StorageRules

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account and key that every installation of the emulator has, as its documentation gives them."""
START_SECONDS = 60.0
GOOD = "acw"
"""The permissions of a SAS as the contract wants it: add, create, write."""


@dataclass(frozen=True, slots=True)
class Azurite:
    """One running emulator. url: its root, `http://127.0.0.1:PORT`."""

    url: str
    ca: Path | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def address(self) -> str:
        """`host:port`, as the setting storage_emulators wants it."""
        return urlsplit(self.url).netloc

    @property
    def rules(self) -> StorageRules:
        return StorageRules(emulators=(self.address,), ca=self.ca)

    def service(self) -> BlobServiceClient:
        verify: dict[str, Any] = {} if self.ca is None else {"connection_verify": str(self.ca)}
        return BlobServiceClient(f"{self.url}/{ACCOUNT}", credential=KEY, **verify)

    def container(self) -> str:
        """The name of a new, empty container."""
        name = f"export-{next(self._numbers)}"
        with self.service() as service:
            service.create_container(name).close()
        return name

    def sas_url(
        self,
        container: str,
        permissions: str = GOOD,
        *,
        signed_for: str = "",
        starts: timedelta | None = None,
        expires: timedelta = timedelta(hours=1),
        **more: Any,
    ) -> str:
        """A container's URL with a service SAS, which may be signed for another one.

        starts, expires: from now. more: of Microsoft's `generate_container_sas` (protocol, policy_id ...).
        """
        now = datetime.now(UTC)
        sas = generate_container_sas(
            ACCOUNT,
            signed_for or container,
            KEY,
            permission=permissions,
            start=None if starts is None else now + starts,
            expiry=now + expires,
            **more,
        )
        return f"{self.url}/{ACCOUNT}/{container}?{sas}"

    def account_sas_url(self, container: str) -> str:
        sas = generate_account_sas(ACCOUNT, KEY, "sco", "cwa", expiry=datetime.now(UTC) + timedelta(hours=1))
        return f"{self.url}/{ACCOUNT}/{container}?{sas}"

    def blob_sas_url(self, container: str, blob: str) -> str:
        """The container's URL with a SAS for one blob in it (sr=b)."""
        sas = generate_blob_sas(
            ACCOUNT,
            container,
            blob,
            account_key=KEY,
            permission="cw",
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        return f"{self.url}/{ACCOUNT}/{container}?{sas}"

    def policy_sas_url(self, container: str, policy: str) -> str:
        """The container's URL with a SAS that leaves all to a stored access policy (si=)."""
        sas = generate_container_sas(ACCOUNT, container, KEY, policy_id=policy)
        return f"{self.url}/{ACCOUNT}/{container}?{sas}"

    def put(self, container: str, blob: str, data: bytes) -> None:
        """Write a blob as somebody else would."""
        with self._client(container) as client:
            client.upload_blob(blob, data).close()

    def names(self, container: str) -> list[str]:
        """What the container holds, sorted."""
        with self._client(container) as client:
            return sorted(client.list_blob_names())

    def blob(self, container: str, name: str) -> bytes:
        with self._client(container) as client:
            return client.download_blob(name).readall()

    def digests(self, container: str) -> dict[str, tuple[int, str]]:
        """Name -> (size in bytes, SHA-256 in hex) of everything in the container, read back."""
        with self._client(container) as client:
            found = {}
            for name in client.list_blob_names():
                size, digest = 0, hashlib.sha256()
                for chunk in client.download_blob(name).chunks():
                    size += len(chunk)
                    digest.update(chunk)
                found[name] = (size, digest.hexdigest())
            return found

    @contextmanager
    def _client(self, container: str) -> Iterator[ContainerClient]:
        with self.service() as service, service.get_container_client(container) as client:
            yield client


@contextmanager
def running_azurite(certificate: Certificate | None = None, data: Path | None = None) -> Iterator[Azurite]:
    """Start an emulator on a free port of loopback and stop it at the end.

    certificate: serve https with it. data: keep blobs in this folder rather than in memory.
    Skips the test where Node or Azurite is missing.
    """
    node, package = require_package("azurite")
    with tempfile.TemporaryDirectory(prefix="azurite-") as folder:
        log = Path(folder) / "log"
        command: list[str | Path] = [
            node,
            package / "dist" / "src" / "blob" / "main.js",
            "--blobHost",
            "127.0.0.1",
        ]
        command += ["--blobPort", "0", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        command += ["--inMemoryPersistence"] if data is None else ["--location", data]
        if certificate is not None:
            command += ["--cert", certificate.chain, "--key", certificate.key]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        try:
            yield Azurite(_address(process, log), None if certificate is None else certificate.ca)
        finally:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"listens on (https?://[0-9.]+:[0-9]+)", log.read_text("utf-8", "replace"))
        if found is not None:
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError(f"Azurite did not start:\n{log.read_text('utf-8', 'replace')}")


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """An emulator over http with its blobs in memory, for this worker's whole session."""
    with running_azurite() as running:
        yield running
