"""The groups activity report on the command line and from a real server: one report, whoever asks; and `--server` over TLS."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from tests.azurite import Azurite
from tests.azurite import azurite as azurite
from tests.clients.command_line import Commands, Run
from tests.clients.product_server import Practice
from tests.laws.serving import serving
from tests.semantics.activity_by_hand import (
    GROUP_ID,
    NAME,
    OWNER,
    RawFacts,
    concealed_lines,
    read_csv,
    report_lines,
)
from waybill.app import House, open_house
from waybill.exports import personal_data
from waybill.settings import Settings

PERIODS = (7, 30, 90, 180)
LAG_DAYS = 2
NO_GROUP = "00000000-0000-0000-0000-000000000000"
REPORT = "/v1.0/reports/getOffice365GroupsActivityDetail"


@dataclass
class Counter:
    """A practice tenant's data folder, a server over TLS on it, and an application that may ask for everything."""

    commands: Commands
    data: Path
    folder: Path
    tenant: str
    user: str
    url: str
    client_id: str
    secret: str = field(repr=False)

    def run(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Run:
        ran = self.commands(*arguments, "--tenant", "practice-tiny", cwd=self.folder, env=env)
        assert self.secret not in ran.out + ran.err
        assert "Traceback" not in ran.err
        return ran

    def report(self, *arguments: str | Path) -> Run:
        """`waybill export groups-activity` on the data folder."""
        return self.run("export", "groups-activity", *arguments, "--data", self.data)

    def there(self, *arguments: str | Path, secret: str = "", **env: str) -> Run:
        """`waybill export ...` by the server."""
        trust = {"SSL_CERT_FILE": str(self.authority), "WAYBILL_CLIENT_SECRET": secret or self.secret}
        asked = ("--server", self.url, "--client-id", self.client_id)
        return self.run("export", *arguments, *asked, env={**trust, **env})

    @property
    def log(self) -> Path:
        return self.data.parent / "log"

    @property
    def authority(self) -> Path:
        return self.data / "tls" / "authority.pem"

    @contextmanager
    def http(self) -> Iterator[httpx2.Client]:
        """The server as any client of HTTP sees it, with a token."""
        context = ssl.create_default_context(cafile=str(self.authority))
        with httpx2.Client(base_url=self.url, verify=context, trust_env=False, timeout=60) as client:
            form = {
                "grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret,
                "scope": "https://graph.microsoft.com/.default",
            }  # fmt: skip
            answer = client.post(f"/{self.tenant}/oauth2/v2.0/token", data=form)
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield client

    def conceal(self, client: httpx2.Client, conceal: bool) -> None:
        answer = client.patch("/v1.0/admin/reportSettings", json={"displayConcealedNames": conceal})
        assert answer.status_code in (200, 204), answer.text


@pytest.fixture(scope="module")
def counter(
    practice: Practice, commands: Commands, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counter]:
    base = tmp_path_factory.mktemp("cli-reports")
    data = base / "data"
    shutil.copytree(practice.data, data)
    (base / "here").mkdir()
    house = open_house(Settings(data=data))
    with house.open_latest(practice.tenant) as facts:
        user = personal_data.EXPORT.sample(facts)["id"][0]
    may = ("Reports.Read.All", "ReportSettings.ReadWrite.All", "User.Export.All")
    app = house.identity.apps.create("cli", practice.tenant, may)
    house.control.dispose()
    with serving(data, base / "log", tls="true", storage_emulators=azurite.address) as server:
        yield Counter(
            commands, data, base / "here", practice.tenant, user, server.url, app.client_id, app.client_secret
        )  # fmt: skip


@pytest.fixture(scope="module")
def by_hand(counter: Counter) -> Mapping[int, list[list[str]]]:
    """Days of a period -> the rows that plain Python computes from the raw tables, names shown."""
    house = open_house(Settings(data=counter.data))
    snapshot = house.registry.path(counter.tenant, house.registry.latest(counter.tenant).id)
    house.control.dispose()
    latest = datetime.now(UTC).date() - timedelta(days=LAG_DAYS)
    return {days: report_lines(RawFacts(snapshot), latest, days) for days in PERIODS}


def key_of(house: House, tenant: str) -> bytes:
    """The tenant's key for pseudonyms."""
    key = house.report_settings.key(tenant)
    house.control.dispose()
    return key


def pseudonyms(line: list[str]) -> tuple[bool, str, bool, str]:
    """The order of concealed rows: by what is shown of name and owner, those without one last."""
    return not line[NAME], line[NAME], not line[OWNER], line[OWNER]


@pytest.mark.parametrize("days", PERIODS)
def test_a_period_is_what_plain_python_computes(
    counter: Counter, by_hand: Mapping[int, list[list[str]]], days: int
) -> None:
    """With names and without, the CSV of the command equals one computed from the raw facts, and the server's."""
    shown = counter.folder / f"shown-{days}.csv"
    made = counter.report("--period", f"D{days}", "--show-names", "-o", shown, "--json").json
    assert made == {"file": str(shown), "size": shown.stat().st_size}
    assert read_csv(shown.read_bytes()) == by_hand[days]
    concealed = counter.report("--period", f"d{days}", "--json").json
    hidden = Path(concealed["file"])
    assert hidden == counter.folder / f"Office365GroupsActivityDetail-d{days}.csv"
    key = key_of(open_house(Settings(data=counter.data)), counter.tenant)
    assert read_csv(hidden.read_bytes()) == sorted(concealed_lines(by_hand[days], key), key=pseudonyms)
    with counter.http() as client:
        for conceal, file in ((True, hidden), (False, shown)):
            counter.conceal(client, conceal)
            assert fetched(client, f"{REPORT}(period='D{days}')") == file.read_bytes()
        counter.conceal(client, True)


def fetched(client: httpx2.Client, target: str) -> bytes:
    """The CSV behind the 302, without a token there."""
    answer = client.get(target)
    assert answer.status_code == 302, answer.text
    file = client.get(answer.headers["location"], headers={"Authorization": ""})
    assert (file.status_code, file.headers["etag"]) == (200, answer.headers["etag"])
    return file.content


def test_names_are_concealed_unless_said(counter: Counter) -> None:
    """Without a word names and ids are concealed, to be read by their owner alone; words tell where the file is."""
    ran = counter.report("--period", "D30", "-o", "new/folder/groups.csv")
    file = counter.folder / "new" / "folder" / "groups.csv"
    assert (ran.code, ran.out) == (0, f"Saved to {file}\n")
    assert "Names are concealed" in ran.err
    assert "--show-names" in ran.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {line[GROUP_ID] for line in read_csv(file.read_bytes())} == {NO_GROUP}
    assert [path.name for path in file.parent.iterdir()] == ["groups.csv"]


def test_safe_for_excel(counter: Counter, by_hand: Mapping[int, list[list[str]]]) -> None:
    """--safe-for-excel puts an apostrophe before what a spreadsheet would calculate, and changes nothing else."""
    file = counter.folder / "safe.csv"
    ran = counter.report("--period", "D180", "--show-names", "--safe-for-excel", "-o", file)
    assert (ran.code, ran.err) == (0, "")
    expected = [
        [f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in line]
        for line in by_hand[180]
    ]
    assert expected != by_hand[180]
    assert read_csv(file.read_bytes()) == expected


def test_a_report_by_the_server(counter: Counter) -> None:
    """With --server the file is the one the data folder gives, and no part of it is left under another name."""
    here = counter.report("--period", "D90", "-o", "here.csv", "--json").json
    there = counter.there("groups-activity", "--period", "D90", "-o", "there.csv", "--json").json
    assert there == {"file": "there.csv", "size": here["size"]}
    assert (counter.folder / "there.csv").read_bytes() == (counter.folder / "here.csv").read_bytes()
    assert list(counter.folder.glob("*.part")) == []


def test_a_person_by_the_server(counter: Counter, azurite: Azurite) -> None:
    """With --server the server delivers; the command waits for the end and tells what the operation tells."""
    name = azurite.container()
    location = azurite.sas_url(name)
    ran = counter.there("personal-data", "--user", counter.user, "--json", WAYBILL_STORAGE_LOCATION=location)
    facts = ran.json
    manifest = json.loads(azurite.blob(name, "manifest.json"))
    assert {one["path"] for one in manifest["files"]} == set(azurite.names(name)) - {"manifest.json"}
    seconds = facts.pop("seconds")
    assert seconds > 0
    shown = counter.run("operations", "show", facts["operation"], "--data", counter.data, "--json").json
    assert {"client_id": shown["client_id"], **facts} == {
        "client_id": counter.client_id, **{name: shown[name] for name in facts},
    }  # fmt: skip
    assert (facts["status"], facts["storage_location"]) == ("complete", location.partition("?")[0])
    assert facts["gaps"] == len(manifest["gaps"])
    assert location.rpartition("sig=")[2] not in ran.out + ran.err
    again = counter.there("personal-data", "--user", counter.user, WAYBILL_STORAGE_LOCATION=location)
    assert (again.code, again.out) == (1, "")
    assert "The server answered 400: " in again.err


TROUBLE: Mapping[str, tuple[tuple[str, ...], Mapping[str, str], tuple[str, ...]]] = {
    "no trust": (("groups-activity", "--period", "D7"), {"SSL_CERT_FILE": ""}, ("cannot be trusted", "SSL_CERT_FILE")),
    "wrong trust": (
        ("groups-activity", "--period", "D7"), {"SSL_CERT_FILE": "nothing.pem"}, ("SSL_CERT_FILE", "serve --tls"),
    ),
    "wrong secret": (("groups-activity", "--period", "D7"), {"secret": "wrong"}, ("The server answered 401", "AADSTS")),
    "no such destination": (
        ("personal-data", "--user", "c0000000-0000-4000-8000-000000000009", "--to", "Nowhere"), {},
        ("The server answered 400", "Storage Location"),
    ),
    "nobody of this name": (
        ("personal-data", "--user", "no@body.example", "--to", "https://a.blob.core.windows.net/c"), {},
        ("invalid Guid", "sign-in name", "object id"),
    ),
    "options of the folder": (("groups-activity", "--period", "D7", "--show-names"), {}, ("--show-names", "PATCH")),
    "no such period": (("groups-activity", "--period", "D8"), {}, ("D8", "D7, D30, D90, D180", "--period")),
    "no period": (("groups-activity",), {}, ("period and date", "--period, --date")),
    "an old day": (("groups-activity", "--date", "2001-01-01"), {}, ("The server answered 400", "28 days")),
    "no day": (("groups-activity", "--date", "2026-02-30"), {}, ("2026-02-30", "YYYY-MM-DD")),
}  # fmt: skip
"""Arguments of `waybill export ... --server`, environment -> words on standard error."""


@pytest.mark.parametrize("case", TROUBLE)
def test_trouble_with_a_server(counter: Counter, case: str) -> None:
    """What a server refuses, or a command cannot send, is said in words; no file is made."""
    arguments, env, words = TROUBLE[case]
    before = sorted(counter.folder.iterdir())
    ran = counter.there(*arguments, **env)
    assert (ran.code, ran.out) == (1, ""), ran
    assert [word for word in words if word not in ran.err] == [], ran.err
    assert sorted(counter.folder.iterdir()) == before


def test_the_log_has_the_reason(counter: Counter) -> None:
    """What the Graph face refuses stands in the server's log with code and reason, and without any query."""
    location = (
        "https://storage.example.com/box?sv=2024-11-04&sr=c&sp=acw&se=2099-01-01T00:00:00Z&sig=Y2FuYXJ5"
    )
    ran = counter.there("personal-data", "--user", counter.user, "--to", location)
    assert ran.code == 1
    lines = [json.loads(line) for line in counter.log.read_text("utf-8").splitlines() if line.startswith("{")]
    refused = [line for line in lines if line["event"] == "request refused" and "storage" in line["reason"]]
    assert {(line["status"], line["code"], line["level"]) for line in refused} == {
        (400, "StorageLocationInvalid", "info")
    }
    assert "Its host is not one of Azure Storage." in refused[-1]["reason"]
    assert refused[-1]["trace_id"]
    assert "Y2FuYXJ5" not in counter.log.read_text("utf-8")


def test_http_instead_of_https(counter: Counter) -> None:
    """http to a server of https, and nobody listening, are told apart, by every kind of export."""
    with socket.socket() as quiet:
        quiet.bind(("127.0.0.1", 0))
        nobody = f"https://127.0.0.1:{quiet.getsockname()[1]}"
        for what in (
            ("groups-activity", "--period", "D7"),
            ("site-permissions", "--site", "https://a.example/sites/b"),
        ):
            asked = ("export", *what, "--client-id", "c", "--client-secret", "d", "--server")
            wrong = counter.run(*asked, counter.url.replace("https:", "http:"))
            silent = counter.run(*asked, nobody)
            strange = counter.run(*asked, counter.url)
            assert (wrong.code, silent.code, strange.code) == (1, 1, 1)
            assert "it may speak https" in wrong.err
            assert "nobody listens there" in silent.err
            assert "SSL_CERT_FILE" in strange.err


def test_a_day_after_all_that_is_held(counter: Counter) -> None:
    """A report on a day that lies after the last one known has no rows, and says until when activity is held."""
    today = datetime.now(UTC).date()
    ran = counter.report("--date", today.isoformat(), "-o", "late.csv")
    assert ran.code == 0, ran.err
    assert len(read_csv((counter.folder / "late.csv").read_bytes())) == 0
    assert re.search(
        r"Activity is held up to \d{4}-\d\d-\d\d; what happened on " + today.isoformat(), ran.err
    )


def test_exports_beside_a_server(counter: Counter) -> None:
    """While a server runs, a person's data is exported by it alone: the command on its data folder says so."""
    ran = counter.run(
        "export", "personal-data", "--user", counter.user, "--to", "./x", "--data", counter.data
    )
    assert (ran.code, ran.out) == (1, "")
    assert "--server" in ran.err
    assert not (counter.folder / "x").exists()
