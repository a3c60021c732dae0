"""`make demo`: a practice tenant, a server with TLS, and all five systems asked as their clients ask them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from waybill.cli import screen
from waybill.cli.demo import Demo, Up
from waybill.export import Family
from waybill.settings import Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.graph_clients import Ended, GraphClients, SignIn
from demo.storage import Storage, azurite, free_port, sha256

DATA = Path("demo-data")


def main() -> None:
    # Everything the demo makes is for this account's eyes only, as the server's own files are.
    os.umask(0o077)
    port = free_port()
    settings = Settings(data=DATA, port=0, tls=True, storage_emulators=(f"127.0.0.1:{port}",))
    ca = str(settings.tls_path / "authority.pem")
    os.environ["SSL_CERT_FILE"] = ca  # how the SDKs (httpx) and our own client are told whom to trust
    demo = Demo(settings, "tiny")
    with azurite(DATA / "azurite", port) as storage, demo.served() as up:
        demo.insights(up)
        asyncio.run(_graph(up, storage, ca))
    screen.out.print("\nAll five systems answered.")


async def _graph(up: Up, storage: Storage, ca: str) -> None:
    credentials = up.credentials
    clients = GraphClients(
        SignIn(up.url, credentials.tenant, credentials.client_id, ca, credentials.client_secret)
    )
    try:
        user = _user(up)
        ended = await clients.export_user(user, storage.container("person"))
        _show("User personal data (msgraph-sdk)", ended, storage, "person")
        inbound = await clients.inbound_profile()
        ended = await clients.export_inbound(inbound, storage.container("inbound"))
        _show("Inbound shared profile data (msgraph-beta-sdk)", ended, storage, "inbound")
        screen.out.print(
            "\nPATCH /admin/reportSettings switches the names in usage reports on: a tenant conceals them at first."
        )
        await clients.show_names()
        report = await clients.groups_activity("D7")
    finally:
        await clients.close()
    path = DATA / "exports" / "Office365GroupsActivityDetail-D7.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(report.csv)
    lines = report.csv.decode("utf-8-sig").splitlines()
    if len(lines) < 2 or not report.objects:
        raise SystemExit("The groups activity report is empty.")
    screen.out.print(f"\nGroups activity detail, D7: {len(lines) - 1} lines of CSV (msgraph-sdk), "
                     f"{report.objects} objects on the first page of JSON (msgraph-beta-sdk)")  # fmt: skip
    for line in lines[:4]:
        screen.out.print(f"  {line}", markup=False)
    screen.out.print(str(path), markup=False)


def _user(up: Up) -> str:
    """Whom the demo asks about: the sample person of the first export of this family."""
    export = next(one for one in up.house.catalog if one.family is Family.GRAPH_OPERATION)
    with up.house.open_latest(up.credentials.tenant) as facts:
        return next(iter(export.sample(facts).values()))[0]


def _show(title: str, ended: Ended, storage: Storage, container: str) -> None:
    """What arrived, held against the manifest that arrived with it."""
    if ended.status != "complete":
        raise SystemExit(f"{title}: operation {ended.id} is {ended.status}.")
    blobs = storage.blobs(container)
    manifest = json.loads(blobs["manifest.json"])
    listed = {one["path"]: (one["size"], one["sha256"]) for one in manifest["files"]}
    arrived = {name: (len(data), sha256(data)) for name, data in blobs.items() if name != "manifest.json"}
    if listed != arrived:
        raise SystemExit(f"{title}: the container does not hold what manifest.json lists.")
    screen.out.print(
        f"\n{title}: operation {ended.id} is {ended.status}, progress {ended.progress:g}", markup=False
    )
    screen.out.print(f"{len(arrived)} files arrived in {ended.storage_location}, each as listed (size, SHA-256); "
                     f"{len(manifest['empty'])} looked for and empty, {len(manifest['gaps'])} gaps named")  # fmt: skip
    rows = [(one["path"], f"{one['size']:,}", "" if one.get("rows") is None else one["rows"])
            for one in manifest["files"]]  # fmt: skip
    screen.table(container, ("File", "Bytes", "Records"), rows[:12])
    if len(rows) > 12:
        screen.out.print(f"... and {len(rows) - 12} more")


if __name__ == "__main__":
    main()
