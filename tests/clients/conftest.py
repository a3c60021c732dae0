"""The servers that the tests of the wire talk to, over real sockets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.clients.command_line import Commands, Run, waybill
from tests.clients.graph_house import GraphHouse, running_graph_house
from tests.clients.insights_house import House, running_house
from tests.clients.product_server import Practice, Product, Waiting, product_on, serving, waiting_house
from tests.once import once


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with echoing exports; point this fixture at the whole product to run the same cases."""
    with running_house(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture(scope="module")
def graph_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphHouse]:
    """A server of the Graph face with exports that give nothing, and a shelf for storage."""
    with running_graph_house(tmp_path_factory.mktemp("graph-house")) as running:
        yield running


@pytest.fixture(scope="session")
def commands() -> Commands:
    """Runs `waybill` commands fast."""
    return Commands()


@pytest.fixture(scope="session")
def practice(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """Two practice tenants, made by the command line. Nothing else may write here: copy it."""

    def build(folder: Path) -> None:
        told = ("--size", "tiny", "--data", folder / "data", "--json")
        runs = waybill("practice", *told), commands("practice", "--seed", "2", *told)
        (folder / "runs.json").write_text(json.dumps([asdict(run) for run in runs]))

    made = once(tmp_path_factory, "practice", build)
    run, other = (Run(**told) for told in json.loads((made / "runs.json").read_text()))
    return Practice(made / "data", run, run.json["tenant"], other.json["tenant"])


@pytest.fixture(scope="module")
def product(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A real server, `waybill serve`, with clients signed in: one for each file, since an idle one costs too."""
    folder = tmp_path_factory.mktemp("product")
    shutil.copytree(practice.data, folder / "data")
    with serving(folder / "data", folder / "log") as url:
        yield product_on(folder / "data", practice.tenant, practice.other_tenant, url)


@pytest.fixture
def waiting(practice: Practice, tmp_path: Path) -> Iterator[Waiting]:
    """The product before its engine runs: every accepted job stays queued until `house.start_jobs()`."""
    shutil.copytree(practice.data, tmp_path / "data")
    with waiting_house(tmp_path / "data") as (house, listening):
        made = product_on(tmp_path / "data", practice.tenant, practice.other_tenant, listening.url)
        yield Waiting(house, made.client, made.neighbour)
