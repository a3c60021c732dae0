"""Laws of secrets: what clients prove themselves with is found nowhere afterwards, whatever went wrong meanwhile."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.clients.oauth_clients import assertion_claims, assertion_form, basic, certificate_client
from tests.laws.serving import (
    Answer,
    Client,
    Server,
    ask,
    graph_target_of,
    graph_token,
    serving,
    target_of,
)
from tests.laws.tenants import SCOPES, WORKBOOKS, Guest, Practice, copied
from waybill.clock import SYSTEM_CLOCK
from waybill.export import Family
from waybill.exports import CATALOG

GRAPH = tuple(export for export in CATALOG if export.family is not Family.INSIGHTS)
NOBODY_LISTENS = "127.0.0.1:1"
SIGNATURE = "c2lnbmF0dXJlIG9mIGEgU0FTIHRoYXQgaXMgbm9uZQ=="
LOCATION = (
    f"http://{NOBODY_LISTENS}/devstoreaccount1/exports?sv=2024-11-04&sr=c&sp=acw&se=2099-01-01T00:00:00Z"
    f"&sig={quote(SIGNATURE, safe='')}"
)

Places = Mapping[str, bytes]
"""Where something was looked for -> the bytes found there."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """The secrets of one busy hour, and every place they could have got to."""

    secrets: Mapping[str, bytes]
    places: Places


@pytest.fixture(scope="module")
def canaries(original: Practice, tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    """A server of its own, asked for everything in every way that carries a secret, well and badly."""
    folder = tmp_path_factory.mktemp("secrets")
    with copied(original, folder / "data") as practice:
        secrets, answers = a_busy_hour(practice, folder / "log")
    return Canaries(
        secrets, {**answers, "log": (folder / "log").read_bytes(), **dict(files_in(practice.data))}
    )


def a_busy_hour(practice: Practice, log: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Secrets, and everything that was answered while they were used."""
    now = SYSTEM_CLOCK.now()
    certified = certificate_client(now - timedelta(days=1), now + timedelta(days=1))
    app = practice.house.identity.apps.create("certified", practice.guests[0].tenant, SCOPES, certified.pem)
    answers: dict[str, bytes] = {}
    with serving(practice.data, log, storage_emulators=NOBODY_LISTENS) as server:
        tokens = dict(proofs(server, practice.guests[0], answers))
        claims = assertion_claims(app.client_id, f"{server.url}/connect/token", now, SYSTEM_CLOCK.guid())
        assertion = certified.sign(certified.dotnet_header(), claims)
        answer = ask(server.url, "/connect/token", form=assertion_form(assertion))
        assert answer.status == 200, answer.body
        tokens["token by certificate"] = answer.json["access_token"].encode()
        tokens["assertion"] = assertion.encode()
        tokens |= ask_graph(server, practice, answers)
        tokens |= keep_busy(server, practice, tokens, answers)
        assert server.stop() == 0
    key = certified.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secrets = {
        "client secret": practice.guests[0].secret.encode(),
        "other client secret": practice.guests[1].secret.encode(),
        "signature of a SAS": SIGNATURE.encode(),
        "certificate key": b"".join(key.splitlines()[1:-1])[200:400],
        "sealing key": (practice.data / "sealing.key").read_bytes(),
        # Without its signature a token proves nothing, so that is what must not be seen.
        **{name: token.rpartition(b".")[2] for name, token in tokens.items()},
    }
    return secrets, answers


def proofs(server: Server, guest: Guest, answers: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Tokens by a secret in the body and in the header; and what is answered to a wrong one."""
    form = {"grant_type": "client_credentials", "scope": " ".join(SCOPES)}
    body = {**form, "client_id": guest.client_id, "client_secret": guest.secret}
    for name, sent, headers in (
        ("token by body", body, {}),
        ("token by header", form, basic(guest.client_id, guest.secret)),
    ):
        answer = ask(server.url, "/connect/token", form=sent, headers=headers)
        assert answer.status == 200, answer.body
        yield name, answer.json["access_token"].encode()
    wrong = {
        "secret with a blank": {**body, "client_secret": guest.secret + " "},
        "secret as scope": {**body, "scope": guest.secret},
        "secret as client": {**body, "client_id": guest.secret},
        "secret as grant": {**body, "grant_type": guest.secret},
        "secret as assertion": {**assertion_form(guest.secret)},
    }
    for name, sent in wrong.items():
        refused = ask(server.url, "/connect/token", form=sent)
        assert 400 <= refused.status < 500, name
        answers[name] = everything(refused)


def keep_busy(
    server: Server, practice: Practice, proven: Mapping[str, bytes], answers: dict[str, bytes]
) -> dict[str, bytes]:
    """Every export, well; then with secrets where they do not belong; then with a damaged snapshot. The tokens used."""
    one, two = practice.guests
    client = Client(server.url, one.client_id, one.secret, " ".join(SCOPES))
    answers["docs"] = everything(ask(server.url, "/docs"))
    answers["openapi"] = everything(ask(server.url, "/openapi.json"))
    for export in WORKBOOKS:
        with practice.facts() as facts:
            sample = export.sample(facts)
        number = client.start(export, sample)
        client.wait(number)
        answers[f"status of {export.name}"] = everything(client.get(f"/insights/job/{number}/exportstatus"))
        answers[f"file of {export.name}"] = everything(client.file(number))
        for name, secret in proven.items():
            text = secret.decode()
            astray = {"Authorization": f"Bearer {text}x"}
            for target in (f"/nothing?access_token={text}", f"/insights/job/1/exportfile?sig={text}"):
                answers[f"{name} in query of {target[:8]}"] = everything(
                    ask(server.url, target, headers=astray)
                )
    broken = practice.house.registry.path(two.tenant, two.snapshot)
    broken.write_bytes(b"not a snapshot" * 1000)
    other = Client(server.url, two.client_id, two.secret, " ".join(SCOPES))
    refused = other.get(target_of(export, sample))
    assert refused.status == 500
    answers["damaged snapshot"] = everything(refused)
    return {"token in use": client.token.encode(), "other token in use": other.token.encode()}


def ask_graph(server: Server, practice: Practice, answers: dict[str, bytes]) -> dict[str, bytes]:
    """Every Graph call of the catalog; those that deliver, into storage that cannot be reached. The secrets used."""
    guest = practice.guests[0]
    for export in GRAPH:
        with practice.facts() as facts:
            target = graph_target_of(export, export.sample(facts))
        roles = () if export.access is None else export.access.app_roles
        app = practice.house.identity.apps.create(export.name, guest.tenant, roles)
        token = graph_token(server.url, guest.tenant, app.client_id, app.client_secret)
        yours = {"Authorization": f"Bearer {token}"}
        sent = {"storageLocation": LOCATION} if export.family is Family.GRAPH_OPERATION else None
        answer = ask(server.url, target, headers=yours, sent_json=sent)
        assert answer.status == (302 if sent is None else 400), answer.body
        if sent is not None:
            assert answer.json["error"]["code"] == "StorageLocationInvalid"  # it was tried
        answers[f"graph {export.name}"] = everything(answer)
        astray = {"Authorization": f"Bearer {token}x"}
        for wrong in (f"{target}?sig={token}", f"/v1.0/{token}", f"/v1.0/dataPolicyOperations/{token}"):
            answers[f"graph {export.name}, {wrong[:12]}"] = everything(ask(server.url, wrong, headers=astray))
    return {"graph client secret": b"." + app.client_secret.encode(), "graph token": token.encode()}


def everything(answer: Answer) -> bytes:
    """Headers and body, with what a ZIP in it holds."""
    head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items()).encode()
    return head + b"\n" + answer.body + unzipped(answer.body)


def unzipped(content: bytes) -> bytes:
    """All that is in a ZIP, and in the ZIPs in it; nothing, if it is none."""
    if not content.startswith(b"PK"):
        return b""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        inside = [book.read(name) for name in book.namelist()]
    return b"".join((*inside, *map(unzipped, inside)))


def files_in(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a data folder but the one that holds the sealing key."""
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.name != "sealing.key":
            content = path.read_bytes()
            yield str(path.relative_to(data)), content + unzipped(content)


def disguises(secret: bytes) -> Iterator[bytes]:
    """The forms in which a secret gets about: raw, hex, percent-encoded, base64 at any offset."""
    yield secret
    yield secret.hex().encode()
    text = secret.decode("latin-1")
    yield from {quote(text).encode(), quote_plus(text).encode()}
    for offset in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            coded = encode(b"\0" * offset + secret)
            yield coded[4:-4]  # the ends depend on what stands beside it


def test_secrets_stay_sealed(canaries: Canaries) -> None:
    """No client secret, token, assertion or key is found in any log, store, file, page or answer, in any encoding."""
    found = [
        (name, place)
        for name, secret in canaries.secrets.items()
        for place, content in canaries.places.items()
        if any(form in content for form in disguises(secret))
    ]
    assert found == []


def test_the_search_would_find_them(canaries: Canaries) -> None:
    """The search of the law above finds a secret that was left lying about, in each of its forms."""
    secret = canaries.secrets["client secret"]
    for left in (secret, b"x" + b64encode(b"client:" + secret), secret.hex().encode()):
        assert any(form in b"some text " + left + b" more" for form in disguises(secret))
    assert {"log", "docs", "control.db", "engine.db"} <= canaries.places.keys()
    assert b"Traceback" in canaries.places["log"]


def test_private_keys_are_sealed(canaries: Canaries) -> None:
    """The issuer's own signing keys lie in no file in the clear."""
    for place, content in canaries.places.items():
        assert b"PRIVATE KEY" not in content, place
        assert b'"d":' not in content.replace(b" ", b""), place
