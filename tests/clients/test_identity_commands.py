"""The commands around Graph tokens: `practice-token`, `apps create` with Graph permissions, `serve --tls`."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import forks
from tests.clients.command_line import Commands, Run, environment
from tests.clients.product_server import Practice
from waybill.app import House, open_house
from waybill.export import Sql
from waybill.identity.directory_roles import GLOBAL_ADMINISTRATOR, GRAPH_APP_ROLES
from waybill.settings import Settings

TENANT = "practice-tiny"
DEADLINE_SECONDS = 60.0


@pytest.fixture(scope="module")
def data(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of this file's own."""
    return Path(shutil.copytree(practice.data, tmp_path_factory.mktemp("identity") / "data"))


@pytest.fixture(scope="module")
def house(data: Path) -> Iterator[House]:
    house = open_house(Settings(data=data))
    yield house
    house.control.dispose()


@pytest.fixture(scope="module")
def person(house: House, practice: Practice) -> tuple[str, str]:
    """Object id and name of somebody in the practice tenant."""
    chosen = (
        "SELECT entra_id, upn FROM principal WHERE kind = 'user' AND status = 'active' ORDER BY id LIMIT 1"
    )
    with house.open_latest(practice.tenant) as facts:
        user_id, upn = facts.table(Sql(chosen))[0]
    return str(user_id), str(upn)


def mint(commands: Commands, data: Path, user: str, *more: str, tenant: str = TENANT) -> Run:
    return commands("practice-token", "--tenant", tenant, "--user", user, *more, "--data", data)


def test_practice_token_prints_the_token_alone(
    commands: Commands, data: Path, house: House, practice: Practice, person: tuple[str, str]
) -> None:
    """Standard output can be put into a variable: it is one token, of that person, with what was asked for."""
    user_id, upn = person
    for user in (upn, upn.upper(), user_id):
        run = mint(commands, data, user, "--scope", "User.Export.All", "--role", "Global Administrator")
        assert run.code == 0, run.err
        caller = house.identity.graph_verifier.verify(run.out.strip())
        assert (caller.tenant, caller.user_id, caller.delegated) == (practice.tenant, user_id, True)
        assert caller.scopes == {"User.Export.All"}
        assert caller.directory_roles == {GLOBAL_ADMINISTRATOR}
        assert run.out.strip() not in run.err


def test_practice_token_as_json(commands: Commands, data: Path, person: tuple[str, str]) -> None:
    """--json ends with the token and how many seconds it lives."""
    facts = mint(commands, data, person[1], "--scope", "User.Read.All", "--json").json
    assert list(facts) == ["access_token", "expires_in", "tenant", "user_id"]
    assert (facts["expires_in"], facts["user_id"]) == (900, person[0])


@pytest.mark.parametrize(
    ("user", "more", "words"),
    [
        ("nobody@nowhere.example", ("--scope", "User.Export.All"), "Nobody in this tenant"),
        ("", ("--scope", "Mail.Read"), "CrossTenantUserProfileSharing.Read"),
        ("", ("--scope", "User.Export.All", "--role", "Boss"), "Global Reader"),
    ],
)
def test_practice_token_refuses_with_words(
    commands: Commands, data: Path, person: tuple[str, str], user: str, more: tuple[str, ...], words: str
) -> None:
    """Unknown people, scopes and roles get no token, and are told what there is."""
    run = mint(commands, data, user or person[1], *more)
    assert (run.code, run.out) == (1, "")
    assert words in run.err


def test_practice_token_is_for_practice_tenants(commands: Commands, data: Path, house: House) -> None:
    """A tenant without practice data gets no such token."""
    house.registry.ensure_tenant("real")
    run = mint(commands, data, "amara@real.example", "--scope", "User.Export.All", tenant="real")
    assert (run.code, run.out) == (1, "")


def test_apps_are_given_graph_permissions(commands: Commands, data: Path, house: House) -> None:
    """Graph permissions are taken in any letter case and kept as Graph spells them; unknown ones are refused."""
    create = ("apps", "create", "x", "--tenant", TENANT, "--data", data, "--json", "--permission")
    made = commands(*create, "user.export.all", "--permission", "Reports.Read.All").json
    app = house.identity.apps.find(made["client_id"])
    assert app is not None
    assert app.permissions == ("User.Export.All", "Reports.Read.All")
    for name in ("User.Export", "CrossTenantUserProfileSharing.Read"):
        refused = commands(*create, name)
        assert refused.code == 1
        assert all(role in refused.err for role in GRAPH_APP_ROLES)


@contextmanager
def serving_tls(data: Path, log: Path) -> Iterator[tuple[str, str]]:
    """`waybill serve --tls` as its own process; yields its URL and the authority it says to trust."""
    with log.open("w") as stderr:
        server = forks.fork("serve", "--tls", "--port", "0", "--data", data, stderr=stderr, env=environment())
        try:
            deadline = time.monotonic() + DEADLINE_SECONDS
            while not (found := re.search(r"answers on (https://\S+)", log.read_text())):
                assert server.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.02)
            trusted = re.search(r"NODE_EXTRA_CA_CERTS=(\S+)", log.read_text())
            assert trusted is not None
            yield found[1], trusted[1]
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                code = server.wait(40)
            except subprocess.TimeoutExpired:
                server.kill()
                code = server.wait()
        assert code == 0, log.read_text()[-2000:]


def fetch(url: str, authority: str, form: dict[str, str] | None = None, token: str = "") -> tuple[int, Any]:
    context = ssl.create_default_context(cafile=authority)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = urlencode(form).encode() if form else None
    request = urllib.request.Request(url, body, headers)  # noqa: S310  https to our own server
    try:
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310  as above
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def in_the_clear(url: str) -> bytes:
    """What the server says to a client that speaks plain HTTP to it."""
    host, _, port = url.removeprefix("https://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        try:
            return connection.recv(100)
        except ConnectionResetError:
            return b""


def test_serve_tls(
    commands: Commands, data: Path, house: House, practice: Practice, person: tuple[str, str], tmp_path: Path
) -> None:
    """The server keeps the authority it says to trust, takes both kinds of Graph token, and speaks TLS alone."""
    made = house.identity.apps.create("client", practice.tenant, ("User.Export.All",))
    authorities = []
    for log in ("first", "second"):
        with serving_tls(data, tmp_path / log) as (url, authority):
            authorities.append(Path(authority).read_bytes())
            assert fetch(f"{url}/healthz", authority)[0] == 200
            place = f"{url}/{TENANT}/oauth2/v2.0/token"
            form = {
                "grant_type": "client_credentials",
                "client_id": made.client_id,
                "client_secret": made.client_secret,
                "scope": f"{url}/.default",
            }
            status, answer = fetch(place, authority, form)
            assert status == 200, answer
            minted = mint(
                commands, data, person[1], "--scope", "User.Export.All", "--role", "Global Administrator"
            )
            for token in (answer["access_token"], minted.out.strip()):
                status, listed = fetch(f"{url}/v1.0/dataPolicyOperations", authority, token=token)
                assert status == 200, listed
            status, refused = fetch(f"{url}/v1.0/dataPolicyOperations", authority, token="x.y.z")
            assert (status, refused["error"]["code"]) == (401, "InvalidAuthenticationToken")
            with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
                urllib.request.urlopen(f"{url}/healthz")  # noqa: S310  https to our own server
            assert not in_the_clear(url).startswith(b"HTTP/")
        text = (tmp_path / log).read_text()
        assert ("a new authority" in text) == (log == "first")
        assert made.client_secret not in text
    assert authorities[0] == authorities[1]
