"""A storageLocation is a stranger's word: hostile ones are refused, and nothing forbidden is dialled."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.delivery.delivery_parts import PATIENT, REQUEST_INFO, outgoings, send
from tests.unit.delivery.hostile import GOOD_HOST, INNER_ADDRESSES, SAS, all_hostile, good
from waybill.clock import Clock
from waybill.delivery import probe
from waybill.delivery.locations import StorageRules, check_absolute, parse_location
from waybill.delivery.network import Network
from waybill.delivery.outgoing import DeliveryFailed
from waybill.errors import LocationFault, LocationRefused

PUBLIC = "20.60.0.1"


@dataclass
class Recorder:
    """What was dialled, and what names the system was asked to resolve, while it is on."""

    on: bool = False
    dialled: list[tuple[str, int]] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event in ("socket.connect", "socket.sendto"):
            self.dialled.append((str(arguments[1][0]), int(arguments[1][1])))
        elif self.on and event in ("socket.getaddrinfo", "socket.gethostbyname"):
            self.resolved.append(str(arguments[0]))

    @contextmanager
    def listening(self) -> Iterator[Recorder]:
        self.dialled.clear()
        self.resolved.clear()
        self.on = True
        try:
            yield self
        finally:
            self.on = False


RECORDER = Recorder()
sys.addaudithook(RECORDER.hear)


def _network(*answers: Sequence[str]) -> tuple[Network, list[str]]:
    """A network whose resolver gives these answers in turn, the last for ever, and notes who asked."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return Network(clock=Clock(), resolve=resolve, patience=PATIENT), asked


def test_no_hostile_location_gets_through() -> None:
    """Each of hundreds of hostile values is refused, without its SAS in the words, and nothing is dialled
    or resolved: not by a storageLocation, not under any family of tricks."""
    values = all_hostile()
    wrong: list[str] = []
    network, asked = _network(["127.0.0.1"])
    with RECORDER.listening() as recorder:
        for value in values:
            try:
                probe.claim(parse_location(value, StorageRules()), REQUEST_INFO, network)
            except LocationRefused as error:
                if "Zm9v" in f"{error!r}":
                    wrong.append(f"shows the SAS: {value[:80]!a}")
            else:
                wrong.append(f"accepted: {value[:80]!a}")
    assert wrong == []
    assert (recorder.dialled, recorder.resolved, asked) == ([], [], [])
    assert len(values) >= 300


@pytest.mark.parametrize("mixed", [False, True])
def test_no_forbidden_address_is_dialled(mixed: bool) -> None:
    """A name of Azure Storage that resolves to an inner address, alone or beside a public one, is refused
    before anything is dialled."""
    location = parse_location(good(), StorageRules())
    with RECORDER.listening() as recorder:
        for address in INNER_ADDRESSES:
            network, _ = _network([PUBLIC, address] if mixed else [address])
            with pytest.raises(LocationRefused) as caught:
                probe.claim(location, REQUEST_INFO, network)
            assert caught.value.fault is LocationFault.INVALID, address
            assert not address or address not in str(caught.value)
    assert (recorder.dialled, recorder.resolved) == ([], [])


def test_a_name_is_resolved_once() -> None:
    """A name that changes its address after it was checked (rebinding) is dialled as it was checked."""
    network, asked = _network([PUBLIC], ["127.0.0.1"])
    with RECORDER.listening() as recorder, pytest.raises(RuntimeError, match=f"reach {PUBLIC}:"):
        # The tests' own guard stops the dialling of the public address, and names it.
        probe.claim(parse_location(good(), StorageRules()), REQUEST_INFO, network)
    assert (asked, recorder.dialled) == ([GOOD_HOST], [])


def test_a_registered_host_may_be_private_but_never_more() -> None:
    """A host the operator lists may have an address of the inner network; loopback and metadata it may not."""
    rules = StorageRules(hosts=("storage.contoso.example",))
    location = parse_location(good("storage.contoso.example"), rules)
    with RECORDER.listening() as recorder:
        for address in ("127.0.0.1", "::1", "169.254.169.254", "168.63.129.16", "fd00:ec2::254", "fe80::1"):
            with pytest.raises(LocationRefused):
                probe.claim(location, REQUEST_INFO, _network([address])[0])
        assert recorder.dialled == []
        with pytest.raises(RuntimeError, match=r"reach 10\.1\.2\.3:"):  # by the tests' own guard
            probe.claim(location, REQUEST_INFO, _network(["10.1.2.3"])[0])


@dataclass(frozen=True, slots=True)
class Stranger:
    """A server that answers each call by its script: name -> (status, headers, endless body)."""

    address: str
    elsewhere: list[str]

    @property
    def rules(self) -> StorageRules:
        return StorageRules(emulators=(self.address,))

    @property
    def url(self) -> str:
        return f"http://{self.address}/devstoreaccount1/container?{SAS}"


GOOD_ANSWERS = {
    "GET list": 403,
    "PUT": 201,
    "PUT appendblock": 201,
    "GET": 403,
    "GET without SAS": 409,
    "DELETE": 202,
}


@contextmanager
def stranger(
    spoilt: str, status: int, headers: dict[str, str], *, endless: bool = False
) -> Iterator[Stranger]:
    """Storage that is well but for one call, which is answered so; `elsewhere` notes what a second server of
    theirs was asked, whose address replaces ELSEWHERE in the headers."""
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.command)
            self.send_response(403)
            self.end_headers()

        do_PUT = do_DELETE = do_HEAD = do_POST = do_CONNECT = do_GET  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    class Storage(Elsewhere):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            comp = next((c for c in ("list", "appendblock") if f"comp={c}" in self.path), "")
            call = f"{self.command} {comp}".strip() + ("" if "sig=" in self.path else " without SAS")
            self.send_response(status if call == spoilt else GOOD_ANSWERS[call])
            for name, value in headers.items() if call == spoilt else ():
                self.send_header(name, value.replace("ELSEWHERE", elsewhere))
            if call == spoilt and endless:
                self.end_headers()
                with_end = threading.Event()
                while not with_end.is_set():
                    try:
                        self.wfile.write(b"x" * 65536)
                    except OSError:
                        with_end.set()
                self.close_connection = True
            else:
                self.send_header("Content-Length", "0")
                self.end_headers()

        do_PUT = do_DELETE = do_GET  # noqa: N815

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Storage) as storage,
        ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as other,
    ):
        elsewhere = f"127.0.0.1:{other.server_address[1]}"
        threads = [
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            for server in (storage, other)
        ]
        for thread in threads:
            thread.start()
        try:
            yield Stranger(f"127.0.0.1:{storage.server_address[1]}", asked)
        finally:
            storage.shutdown()
            other.shutdown()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("spoilt", ["GET list", "PUT", "PUT appendblock", "GET"])
def test_no_redirect_is_followed(spoilt: str, status: int) -> None:
    """Storage that sends us elsewhere, at any step, is refused as invalid, and elsewhere is not dialled."""
    where = {"Location": "http://ELSEWHERE/devstoreaccount1/container"}
    network, _ = _network(["127.0.0.1"])
    with stranger(spoilt, status, where) as theirs, RECORDER.listening() as recorder:
        with pytest.raises(LocationRefused) as caught:
            probe.claim(parse_location(theirs.url, theirs.rules), REQUEST_INFO, network)
        assert caught.value.fault is LocationFault.INVALID
        assert theirs.elsewhere == []
        assert {f"{host}:{port}" for host, port in recorder.dialled} == {theirs.address}


def test_no_redirect_is_followed_while_delivering(tmp_path: Path) -> None:
    """A redirect in the middle of a delivery ends it."""
    where = {"Location": "http://ELSEWHERE/"}
    with stranger("PUT", 307, where) as theirs, RECORDER.listening() as recorder:
        with pytest.raises(DeliveryFailed, match="answered 307"):
            send(theirs.url, theirs.rules, outgoings({"a": b"a"}), tmp_path / "journal")
        assert theirs.elsewhere == []
        assert {f"{host}:{port}" for host, port in recorder.dialled} == {theirs.address}


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy variables and a .netrc of the environment change nothing about what is dialled."""
    with stranger("GET list", 200, {}) as theirs:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        network, _ = _network(["127.0.0.1"])
        with RECORDER.listening() as recorder, pytest.raises(LocationRefused) as caught:
            probe.claim(parse_location(theirs.url, theirs.rules), REQUEST_INFO, network)
    assert caught.value.fault is LocationFault.MAY_LIST
    assert {f"{host}:{port}" for host, port in recorder.dialled} == {theirs.address}


@pytest.mark.parametrize(
    ("headers", "endless", "fault"),
    [
        ({}, True, LocationFault.MAY_LIST),
        ({"X-Long": "x" * 60_000}, False, LocationFault.INVALID),
        ({"x-ms-error-code": "<script>alert(1)</script>"}, False, LocationFault.MAY_LIST),
    ],
    ids=["endless body", "long header", "odd code"],
)
def test_an_answer_without_measure_is_cut_off(
    headers: dict[str, str], endless: bool, fault: LocationFault
) -> None:
    """An endless body or an immense header costs bounded memory and time, and nothing odd is repeated."""
    network, _ = _network(["127.0.0.1"])
    with (
        stranger("GET list", 200, headers, endless=endless) as theirs,
        pytest.raises(LocationRefused) as caught,
    ):
        probe.claim(parse_location(theirs.url, theirs.rules), REQUEST_INFO, network)
    assert caught.value.fault is fault
    assert "script" not in str(caught.value)


def test_a_container_open_to_anybody_is_refused() -> None:
    """If RequestInfo.json can be read without any SAS, the container is public: refused as readable."""
    network, _ = _network(["127.0.0.1"])
    with (
        stranger("GET without SAS", 206, {}) as theirs,
        pytest.raises(LocationRefused, match="Anybody can read") as caught,
    ):
        probe.claim(parse_location(theirs.url, theirs.rules), REQUEST_INFO, network)
    assert caught.value.fault is LocationFault.MAY_READ


@pytest.mark.parametrize(
    ("spoilt", "status", "code", "fault"),
    [
        ("PUT", 400, "BlobTypeNotSupported", LocationFault.NO_APPEND_BLOBS),
        ("PUT", 409, "BlobTypeNotSupported", LocationFault.NO_APPEND_BLOBS),
        ("PUT", 409, "ContainerBeingDeleted", LocationFault.INVALID),
        ("PUT", 412, "LeaseIdMissing", LocationFault.USED),
        ("GET list", 409, "PublicAccessNotPermitted", LocationFault.INVALID),
        ("GET", 416, "InvalidRange", LocationFault.MAY_READ),
    ],
)
def test_answers_that_an_emulator_does_not_give(
    spoilt: str, status: int, code: str, fault: LocationFault
) -> None:
    """Premium storage, a container being deleted, a readable empty blob: each has its fault."""
    network, _ = _network(["127.0.0.1"])
    with (
        stranger(spoilt, status, {"x-ms-error-code": code}) as theirs,
        pytest.raises(LocationRefused) as caught,
    ):
        probe.claim(parse_location(theirs.url, theirs.rules), REQUEST_INFO, network)
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (good(), f"https://{GOOD_HOST}/container"),
        (good(GOOD_HOST.upper()), f"https://{GOOD_HOST}/container"),
        (good(f"{GOOD_HOST}:443"), f"https://{GOOD_HOST}/container"),
        (good(path="/container/"), f"https://{GOOD_HOST}/container"),
        (good("acct.z12.blob.storage.azure.net"), "https://acct.z12.blob.storage.azure.net/container"),
        (good("acct.blob.core.usgovcloudapi.net"), "https://acct.blob.core.usgovcloudapi.net/container"),
        (good("acct.blob.core.chinacloudapi.cn"), "https://acct.blob.core.chinacloudapi.cn/container"),
        (good("private.contoso.example"), "https://private.contoso.example/container"),
        (f"http://127.0.0.1:10000/devstoreaccount1/abc?{SAS}", "http://127.0.0.1:10000/devstoreaccount1/abc"),
        (f"https://azurite:10000/devstoreaccount1/abc?{SAS}", "https://azurite:10000/devstoreaccount1/abc"),
    ],
)
def test_a_good_location_is_read(url: str, shown: str) -> None:
    """Containers of Azure's clouds, of listed hosts and of named emulators are accepted, and shown without
    their SAS."""
    rules = StorageRules(hosts=("Private.Contoso.Example",), emulators=("127.0.0.1:10000", "azurite:10000"))
    location = parse_location(url, rules)
    assert location.safe_url == shown
    assert "Zm9v" not in f"{location!r} {location}"
    assert "sig=Zm9v%2BYmFyYmF6%3D" in location.sas.query


def test_an_emulator_is_its_host_and_port_exactly() -> None:
    """Naming an emulator allows that host and port, by their exact spelling, and nothing beside it."""
    rules = StorageRules(emulators=("127.0.0.1:10000",))
    for place in ("127.0.0.1:10001", "127.0.0.1", "127.1:10000", "localhost:10000", "2130706433:10000"):
        for scheme in ("http", "https"):
            with pytest.raises(LocationRefused):
                parse_location(f"{scheme}://{place}/devstoreaccount1/abc?{SAS}", rules)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("MyStorageAccount", LocationFault.INVALID),
        ("ftp://evil.example/a/b", LocationFault.NO_SAS),
        ("https://127.0.0.1/a/b?sv=1&sig=x&ss=b", LocationFault.ACCOUNT_SAS),
        ("https://127.0.0.1/a/b?sv=1&sig=x", LocationFault.NOT_A_CONTAINER),
        ("https://127.0.0.1/a/b?sv=1&sig=x&strange=1", LocationFault.NOT_A_CONTAINER),
        ("https://user@127.0.0.1/a/b?sv=%zz&sig=x", LocationFault.NOT_A_CONTAINER),
        ("https://127.0.0.1/a/b?strange=%zz", LocationFault.NO_SAS),
        (good(query=f"{SAS}&strange=1"), LocationFault.INVALID),
        ("https://127.0.0.1/container?sv=1&sig=x", LocationFault.INVALID),
    ],
)
def test_faults_are_told_in_the_order_of_the_contract(url: str, fault: LocationFault) -> None:
    """Of several faults the first of graph.md 2.3 is told: rows 2, 5, 6, 7, and the host last (row 11)."""
    with pytest.raises(LocationRefused) as caught:
        parse_location(url, StorageRules())
    assert caught.value.fault is fault


def test_row_two_alone() -> None:
    """check_absolute asks only for an absolute URI, without a network."""
    with RECORDER.listening() as recorder:
        for text in (good(), "http://127.0.0.1/", "ftp://evil.example"):
            check_absolute(text)
        for text in ("", "MyStorageAccount", "/container", "//host/container", "https://", "https://a b/"):
            with pytest.raises(LocationRefused) as caught:
                check_absolute(text)
            assert caught.value.fault is LocationFault.INVALID
    assert recorder.dialled == []


@pytest.mark.parametrize(
    "text",
    [
        "mailto:exports@contoso.com",
        "https://b\u00fccher.blob.core.windows.net/con",
        f" {good()}",
        f"{good()}\n",
    ],
)
def test_other_uris_are_no_locations(text: str) -> None:
    """A URI without a host, a host that is not ASCII, and blanks around a URL fail row 2."""
    with pytest.raises(LocationRefused):
        check_absolute(text)
