"""The whole of it, run by `make campaign`: 2,000 files, 1 GiB, and kill -9 at random moments.

Not collected by `make test`: it takes minutes. The seed is printed; CAMPAIGN_SEED repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

from tests.azurite import running_azurite
from tests.crash.person_house import PersonHouse
from waybill.files.manifest import MANIFEST
from waybill.jobs.operations import Status

FILES, SIZE = 2_000, 2**30
KILLS = 6
DEADLINE = 1_200.0


def test_two_thousand_files_and_a_gibibyte(tmp_path: Path) -> None:
    """Killed at random moments, the export of 2,000 files and 1 GiB ends exact and complete, once."""
    seed = int(os.environ.get("CAMPAIGN_SEED", str(random.SystemRandom().randrange(10**6))))
    chance = random.Random(seed)  # noqa: S311  # moments, not secrets
    print(f"CAMPAIGN_SEED={seed}")
    with running_azurite(data=tmp_path / "azurite") as azurite:
        house = PersonHouse.opened(tmp_path / "data", azurite.address)
        person = house.furnish(FILES, SIZE)
        container = azurite.container()
        operation = house.begin(person, azurite.sas_url(container))
        cut = 0
        for wanted in sorted(chance.sample(range(1, FILES), KILLS)):
            with house.serving(tmp_path / "log"):
                deadline = time.monotonic() + DEADLINE
                while house.arrived(operation.id) < wanted:
                    ended = house.operation(person, operation.id).completed is not None
                    assert not ended, (tmp_path / "log").read_text("utf-8")[-4000:]
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                time.sleep(chance.random() / 10)  # not always at the end of a file
            status = house.operation(person, operation.id).status
            cut += status is Status.RUNNING
            print(f"killed at {house.arrived(operation.id)} files: {status}")
        began = time.monotonic()
        with house.serving(tmp_path / "log"):
            while house.operation(person, operation.id).completed is None:
                assert time.monotonic() < began + DEADLINE, (tmp_path / "log").read_text("utf-8")[-4000:]
                time.sleep(0.1)
        done = house.operation(person, operation.id)
        assert (done.status, done.progress, cut > 0) == (Status.COMPLETE, 100.0, True), done
        manifest = json.loads(azurite.blob(container, MANIFEST))
        listed = {one["path"]: (one["size"], one["sha256"]) for one in manifest["files"]}
        found = azurite.digests(container)
        assert found.pop(MANIFEST)
        assert found == listed
        assert (len(listed) > FILES, manifest["counts"]["bytes"] > SIZE) == (True, True)
        peak = house.house.jobs.find(operation.id).process_peak_memory_mb
        print(f"peak memory of the last server process: {peak} MiB")
        print(f"{len(found)} files, {manifest['counts']['bytes']} bytes, cut short {cut} times")
        house.house.control.dispose()
