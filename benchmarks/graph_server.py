"""Our own server for the Graph case, with one finished personal data export whose operation can be asked for.

Run: `python -m benchmarks.graph_server DATA FOLDER`; it prints one JSON line (address, application, operation), then
serves. The export is delivered into FOLDER, which is not there yet.
"""

from __future__ import annotations

import benchmarks.alone  # isort: skip  # before anything imports pyarrow

import json
import sys
import time
from pathlib import Path

from waybill import log
from waybill.api.served import Listening, serve
from waybill.app import House, open_house
from waybill.jobs.operations import Operation
from waybill.settings import Settings

ROLES = ("Reports.Read.All", "User.Export.All", "User.Read.All")
__all__ = ["benchmarks"]


def finished_operation(house: House, tenant: str, client: str, folder: Path) -> Operation:
    """A real export of the sample person, when it is over."""
    export = house.export("personal-data")
    with house.open_latest(tenant) as facts:
        received = dict(export.sample(facts))
        subject, snapshot = next(iter(received.values()))[0], facts.snapshot
    operation = house.operations.begin_local(tenant, export.name, subject, received, client, snapshot, folder)
    while operation.completed is None:
        time.sleep(0.05)
        operation = house.operations.get(tenant, operation.id)
    return operation


def main(data: Path, folder: Path) -> None:
    log.set_up(as_json=True)  # to standard error: standard output is for the harness
    house = open_house(Settings(data=data))
    tenant = house.registry.tenants()[0].id
    credentials = house.identity.apps.create("benchmark", tenant, ROLES)
    house.start_jobs()
    operation = finished_operation(house, tenant, credentials.client_id, folder)

    def ready(up: Listening) -> None:
        told = {
            "url": f"http://127.0.0.1:{up.port}", "tenant": tenant, "client": credentials.client_id,
            "secret": credentials.client_secret, "operation": operation.id,
        }  # fmt: skip
        print(json.dumps(told), flush=True)

    try:
        serve(house.web(), "127.0.0.1", 0, ready)
    finally:
        house.jobs.shutdown(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
