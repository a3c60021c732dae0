"""Microsoft's clients, whole and unmodified, over TLS against `waybill serve --tls`, with delivery into Azurite.

Sign-in by secret and by certificate, both exports, the operation until it is complete, the report as
bytes and as objects: what `make demo` shows (demo/graph_clients.py), and the same in JavaScript.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.azurite import Azurite
from tests.azurite import azurite as azurite
from tests.clients.oauth_clients import certificate_client
from tests.clients.product_server import Practice
from tests.laws.serving import serving
from tests.node_parts import require_package
from waybill.app import open_house
from waybill.exports import personal_data, shared_profile_data
from waybill.identity.directory_roles import GRAPH_APP_ROLES
from waybill.settings import Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the clients use of other libraries is theirs to change
    from demo.graph_clients import Ended, GraphClients, Report, SignIn
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError

# The same warnings come once more when their models are loaded, at the first call of each kind.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@dataclass(frozen=True, slots=True)
class Place:
    """A server with TLS, two applications of one tenant on it (secret, certificate), and whom to ask about."""

    by_secret: SignIn
    by_certificate: SignIn
    user: str
    profile: str


@pytest.fixture(scope="module")
def place(practice: Practice, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("official")
    data = folder / "data"
    shutil.copytree(practice.data, data)
    now = datetime.now(UTC)
    holder = certificate_client(now - timedelta(days=1), now + timedelta(days=30))
    pem = folder / "client.pem"
    private = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    pem.write_text(private + holder.pem)
    house = open_house(Settings(data=data))
    secret = house.identity.apps.create("by secret", practice.tenant, GRAPH_APP_ROLES)
    certificate = house.identity.apps.create("by certificate", practice.tenant, GRAPH_APP_ROLES, holder.pem)
    with house.open_latest(practice.tenant) as facts:
        user = personal_data.EXPORT.sample(facts)["id"][0]
        profile = shared_profile_data.EXPORT.sample(facts)["userId"][0]
    house.control.dispose()
    with serving(data, folder / "log", tls="true", storage_emulators=azurite.address) as server:
        ca = str(data / "tls" / "authority.pem")
        url = server.url.replace("127.0.0.1", "localhost")
        assert url.startswith("https://")
        warned = f"Warning: {azurite.address} counts as a storage emulator"
        assert warned in (folder / "log").read_text("utf-8")  # at each start, whatever else is said
        yield Place(
            SignIn(url, practice.tenant, secret.client_id, ca, secret.client_secret),
            SignIn(url, practice.tenant, certificate.client_id, ca, certificate=str(pem)),
            user,
            profile,
        )


@pytest.fixture(autouse=True)
def trusting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `waybill serve --tls` tells people to set."""
    monkeypatch.setenv("SSL_CERT_FILE", place.by_secret.ca)


def arrived_as_listed(azurite: Azurite, container: str) -> int:
    """How many files the container holds; each is as its manifest says, and there is no other."""
    found = azurite.digests(container)
    listed = json.loads(azurite.blob(container, "manifest.json"))["files"]
    found.pop("manifest.json")
    assert found == {one["path"]: (one["size"], one["sha256"]) for one in listed}
    return len(found)


@pytest.mark.parametrize("how", ["secret", "certificate"])
def test_the_python_clients(place: Place, azurite: Azurite, how: str) -> None:
    """Signed in either way: both exports end complete and arrive as listed, the report is bytes and objects."""
    sign_in = place.by_secret if how == "secret" else place.by_certificate
    person, inbound = azurite.container(), azurite.container()

    async def ask() -> tuple[Ended, Ended, Report]:
        clients = GraphClients(sign_in)
        try:
            assert await clients.inbound_profile()
            return (
                await clients.export_user(place.user, azurite.sas_url(person)),
                await clients.export_inbound(place.profile, azurite.sas_url(inbound)),
                await clients.groups_activity("D30"),
            )
        finally:
            await clients.close()

    first, second, report = asyncio.run(ask())
    for ended, container, subject in ((first, person, place.user), (second, inbound, place.profile)):
        assert (ended.status, ended.progress, ended.subject) == ("complete", 100.0, subject)
        assert ended.storage_location.endswith(f"/{container}")
        assert arrived_as_listed(azurite, container) > 5
    rows = list(csv.reader(io.StringIO(report.csv.decode("utf-8-sig"), newline="")))
    assert len(rows) - 1 == report.objects > 10


def test_errors_arrive_as_odata_errors(place: Place, azurite: Azurite) -> None:
    """A refusal is an ODataError with code, message, and the ids that the server's log has."""

    async def ask() -> None:
        clients = GraphClients(place.by_secret)
        try:
            await clients.export_user(place.user, azurite.sas_url(azurite.container(), "rcw"))
        finally:
            await clients.close()

    with pytest.raises(ODataError) as raised:
        asyncio.run(ask())
    error = raised.value.error
    assert error is not None
    assert raised.value.response_status_code == 400
    assert error.code == "StorageLocationShouldNotAllowReadAccess"
    assert error.message == "Storage destination should not allow read access."
    assert error.inner_error is not None
    assert error.inner_error.request_id
    assert error.inner_error.client_request_id


_SCRIPT = """
const { ClientSecretCredential, ClientCertificateCredential } = require("@azure/identity");
const { Client, ResponseType } = require("@microsoft/microsoft-graph-client");
const { TokenCredentialAuthenticationProvider } =
  require("@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials");
const given = JSON.parse(process.argv[2]);
const options = { authorityHost: given.url, disableInstanceDiscovery: true };
const credential = given.pem
  ? new ClientCertificateCredential(given.tenant, given.client, { certificatePath: given.pem }, options)
  : new ClientSecretCredential(given.tenant, given.client, given.secret, options);
const authProvider = new TokenCredentialAuthenticationProvider(
  credential, { scopes: ["https://graph.microsoft.com/.default"] });
const client = Client.initWithMiddleware({
  baseUrl: given.url, customHosts: new Set(["localhost"]), authProvider,
});
async function follow(path, version, location) {
  const answer = await client.api(path).version(version).responseType(ResponseType.RAW)
    .post({ storageLocation: location });
  const id = answer.headers.get("Location").split("/").pop();
  for (let turn = 0; turn < 300; turn++) {
    const found = await client.api("/dataPolicyOperations/" + id).version("v1.0").get();
    if (found.completedDateTime !== null) return { code: answer.status, ...found };
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error("the operation did not end");
}
(async () => {
  const report = "/reports/getOffice365GroupsActivityDetail(period='D7')";
  console.log(JSON.stringify({
    user: await follow(`/users/${given.user}/exportPersonalData`, "v1.0", given.first),
    inbound: await follow(
      `/directory/inboundSharedUserProfiles/${given.profile}/exportPersonalData`, "beta", given.second),
    csv: await client.api(report).version("v1.0").responseType(ResponseType.TEXT).get(),
    page: (await client.api(report).version("beta").query({ "$format": "application/json" }).get()).value.length,
  }));
})().catch((error) => { console.error(error.name, error.code, error.message); process.exit(1); });
"""


@pytest.mark.parametrize("how", ["secret", "certificate"])
def test_the_javascript_clients(place: Place, azurite: Azurite, tmp_path: Path, how: str) -> None:
    """@azure/identity with @microsoft/microsoft-graph-client does all of it as well, signed in either way."""
    node, package = require_package("@microsoft/microsoft-graph-client")
    sign_in = place.by_secret if how == "secret" else place.by_certificate
    containers = azurite.container(), azurite.container()
    given = {
        "url": sign_in.url,
        "tenant": sign_in.tenant,
        "client": sign_in.client_id,
        "secret": sign_in.secret,
        "pem": sign_in.certificate,
        "user": place.user,
        "profile": place.profile,
        "first": azurite.sas_url(containers[0]),
        "second": azurite.sas_url(containers[1]),
    }
    script = tmp_path / "graph.cjs"
    script.write_text(_SCRIPT)
    done = subprocess.run(
        [node, script, json.dumps(given)],
        env={**os.environ, "NODE_PATH": str(package.parents[1]), "NODE_EXTRA_CA_CERTS": sign_in.ca},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for name, container in zip(("user", "inbound"), containers, strict=True):
        assert (told[name]["code"], told[name]["status"]) == (202, "complete")
        assert arrived_as_listed(azurite, container) > 5
    assert told["csv"].lstrip("\ufeff").startswith("Report Refresh Date,")
    assert told["page"] > 10
