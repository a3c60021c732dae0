"""The README's program for Microsoft's SDK runs as it is printed, against a real server and a real storage emulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.azurite import Azurite
from tests.azurite import azurite as azurite
from tests.docs.test_readme import README, SECONDS
from tests.laws.serving import run_waybill, serving
from waybill.app import open_house
from waybill.exports import personal_data
from waybill.settings import Settings

TENANT = "practice-tiny"


def program() -> str:
    """The one Python block of the README."""
    (found,) = re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_sdk_program_runs(azurite: Azurite, tmp_path: Path) -> None:
    """The program signs in, saves a report and exports a person's data, changed in nothing but its environment."""
    data = tmp_path / "waybill-data"
    made = run_waybill("practice", "--size", "tiny", data=str(data))
    assert made.returncode == 0, made.stderr
    house = open_house(Settings(data=data))
    tenant = house.registry.tenant(TENANT).id
    with house.open_latest(tenant) as facts:
        user = personal_data.EXPORT.sample(facts)["id"][0]
    app = house.identity.apps.create("readme", tenant, ("User.Export.All", "Reports.Read.All"))
    house.control.dispose()
    container = azurite.container()
    with serving(data, tmp_path / "log", tls="true", storage_emulators=azurite.address) as server:
        named = {
            "SERVER": server.url, "TENANT": TENANT, "USER_ID": user, "STORAGE_LOCATION": azurite.sas_url(container),
            "CLIENT_ID": app.client_id, "CLIENT_SECRET": app.client_secret,
        }  # fmt: skip
        kept = {
            name: value for name, value in os.environ.items() if name not in ("SSL_CERT_FILE", "SSL_CERT_DIR")
        }
        done = subprocess.run(
            [sys.executable, "-c", program()], cwd=tmp_path, env={**kept, **named}, capture_output=True, text=True,
            timeout=SECONDS,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "bytes of CSV" in done.stdout
    assert re.search(r"^operation [0-9a-f-]{36} complete$", done.stdout, re.MULTILINE)
    assert "Unclosed" not in done.stderr
    assert json.loads(azurite.blob(container, "manifest.json"))["subject"]["objectId"] == user
