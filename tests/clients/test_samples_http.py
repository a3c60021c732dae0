"""The main job on real input: Microsoft's published MGDC samples, both exports over HTTP (issue 2, point 2)."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl

from tests.laws.serving import Client, run_waybill, serving
from waybill.exports import group_access, site_permissions
from waybill.exports.reading import MODULES

READ = {"SharePointSites": 120, "SharePointPermissions": 154, "SharePointGroups": 410}


def test_the_published_samples_over_http(shared: Path, tmp_path: Path) -> None:
    """120 sites, 154 permission rows and 410 groups are read; who cannot be resolved is on Exceptions: status 4."""
    data = str(tmp_path / "data")
    samples = shared / "samples" / "mgdc" / "ndjson"
    taken = run_waybill("ingest", "mgdc", str(samples), "--tenant", "contoso", "--data", data, "--json")
    assert taken.returncode == 0, taken.stderr
    counts = json.loads(taken.stdout.splitlines()[-1])["datasets"]
    assert {name: counts[name]["read"] for name in READ} == READ
    made = run_waybill(
        "apps", "create", "tests", "--tenant", "contoso", "--permission", site_permissions.EXPORT.scope,
        "--data", data, "--json",
    )  # fmt: skip
    app = json.loads(made.stdout.splitlines()[-1])
    lines = (samples / "BasicDataSet_v0.SharePointSites_v1.ndjson").read_text("utf-8").splitlines()
    urls = tuple(json.loads(line)["Url"] for line in lines[:100])
    requests = (
        (site_permissions.EXPORT, {"siteUrls": urls}),
        (group_access.EXPORT, {"exportOptionType": ("3",), "dataSources": MODULES}),
    )
    with serving(Path(data), tmp_path / "log") as server:
        client = Client(server.url, app["client_id"], app["client_secret"], site_permissions.EXPORT.scope)
        for export, received in requests:
            number = client.start(export, received)
            assert client.wait(number)["jobStatus"] == 4
            package = zipfile.ZipFile(io.BytesIO(client.file(number).body))
            book = openpyxl.load_workbook(io.BytesIO(package.read(package.namelist()[0])), read_only=True)
            codes = {row[4] for row in book["Exceptions"].iter_rows(min_row=2, values_only=True)}
            assert {"GROUP_UNRESOLVED", "ROWS_REJECTED"} <= codes
