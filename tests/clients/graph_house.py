"""A server for the tests of the Graph wire: real tokens, operations and snapshots, and a shelf for storage.

No engine runs, so an operation stays as a test puts it. The shelf answers as Azure Storage would to
containers of certain names; which requests it is really asked, and what Azurite answers, is tested
with the delivery. The exports give nothing but the person they were asked for.
"""

from __future__ import annotations

import errno
import http.client
import io
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
import structlog

from tests.clients.insights_house import Answer
from waybill import log
from waybill.api.served import Listening, serve
from waybill.api.server import build_app
from waybill.api.services import GraphServices, Services
from waybill.audit import Entry, entries
from waybill.clock import Clock
from waybill.control import open_control
from waybill.delivery.links import Links
from waybill.delivery.locations import StorageRules, check_absolute, parse_location
from waybill.delivery.outgoing import Target
from waybill.errors import BadRequest, Busy, DataProblem, LocationFault, LocationRefused, NotFound
from waybill.export import Access, Bundle, Export, Facts, Family, Field, Received, Sql, Where
from waybill.identity.directory_roles import GLOBAL_ADMINISTRATOR, GLOBAL_READER
from waybill.identity.service import GraphRules, Identity, open_identity
from waybill.jobs.operations import Operations
from waybill.jobs.prepared import Prepared
from waybill.jobs.removals import Removals
from waybill.jobs.report_settings import ReportSettings
from waybill.jobs.service import Jobs
from waybill.jobs.storage import Located
from waybill.jobs.table import UNFINISHED, State, end, move, to_text
from waybill.sealing import open_sealer
from waybill.settings import Settings
from waybill.tenant.build import SnapshotMeta
from waybill.tenant.registry import Registry

CONTOSO = "7e57ab1e-0000-4000-8000-00000000c0de"
FABRIKAM = "7e57ab1e-0000-4000-8000-0000000fab00"
EMPTY = "7e57ab1e-0000-4000-8000-00000000e4e4"

ADELE, MEGAN = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"
KENJI, LUCIA = "b0000000-0000-4000-8000-000000000001", "b0000000-0000-4000-8000-000000000002"
OMAR, DIEGO = "b0000000-0000-4000-8000-000000000003", "a0000000-0000-4000-8000-000000000003"
"""A profile and a person that Fabrikam alone has."""
NOBODY = "c0000000-0000-4000-8000-000000000009"
PROSEWARE = "d0000000-0000-4000-8000-000000000001"
ADELES_NAME = "adele.vance@contoso.com"
ODD_NAME = "a b#EXT#@x.com"
"""The name of Megan: a guest whose key must be encoded (graph.md 1.1, U5)."""

HIDDEN_CAUSE = "the-cause-is-for-the-log-only"
TROUBLE: Mapping[str, Exception] = {
    "breaks@contoso.com": RuntimeError(HIDDEN_CAUSE),
    "damaged@contoso.com": DataProblem(HIDDEN_CAUSE),
    "full@contoso.com": OSError(errno.ENOSPC, HIDDEN_CAUSE),
    "busy@contoso.com": Busy("The queue is full.", "Try again later."),
}
"""Names whose export goes wrong in ways that no request should be able to bring about."""

AS_OF = datetime(2026, 6, 1)  # noqa: DTZ001 - snapshots hold UTC without zone
NOW = datetime(2026, 6, 1, 10, 11, 12, 123456, tzinfo=UTC)

EXPORT = "User.Export.All"
READ_ALL, READ_WRITE_ALL = (
    "CrossTenantUserProfileSharing.Read.All",
    "CrossTenantUserProfileSharing.ReadWrite.All",
)
EVERY_ROLE = (EXPORT, "User.Read.All", READ_ALL, READ_WRITE_ALL, "Reports.Read.All")

SAS = "sv=2022-11-02&sr=c&sp=acw&se=2030-01-01T00:00:00Z&spr=https&sig=c2lnbmF0dXJl"


def container(name: str = "", query: str = SAS) -> str:
    """The SAS URL of a container; a fresh one unless named."""
    return f"https://contosoexports.blob.core.windows.net/{name or 'c' + uuid.uuid4().hex}?{query}"


@dataclass(slots=True)
class Shelf:
    """Containers that never were: what Azure says to them is in their names."""

    claimed: dict[str, bytes] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)

    def check(self, _tenant: str, text: str) -> None:
        check_absolute(text)

    def locate(self, _tenant: str, text: str) -> Located:
        return Located(text, parse_location(text, StorageRules()).safe_url)

    def claim(self, located: Located, request_info: bytes) -> None:
        name = located.shown.rpartition("/")[2]
        faults = {fault.value.replace(" ", "-"): fault for fault in LocationFault}
        if name in faults:
            raise LocationRefused(faults[name], "The container's name says so.")
        if name in self.claimed:
            raise LocationRefused(LocationFault.USED, "It is used.")
        self.claimed[name] = request_info

    def release(self, located: Located) -> None:
        self.released.append(located.shown)

    def target(self, whole: str) -> Target:
        raise NotImplementedError

    def claim_folder(self, folder: Path, request_info: bytes) -> None:
        raise NotImplementedError

    def release_folder(self, folder: Path) -> None:
        raise NotImplementedError

    def folder_target(self, folder: Path) -> Target:
        raise NotImplementedError


def _person_export(name: str, path: str, key: str, kind: str, roles: tuple[str, ...], **more: Any) -> Export:
    """An export about one person: of the directory by id or name, of other organisations by id."""

    def read(received: Received) -> str:
        given = received[key][0]
        try:
            return str(uuid.UUID(given)) if len(given) == 36 else _name(given)
        except ValueError as error:
            message = f"The specified object-id: {given} in the request uri is an invalid Guid."
            raise BadRequest(message, field=key) from error

    def _name(given: str) -> str:
        if "@" not in given or kind != "Member":
            raise ValueError(given)
        return given.casefold()

    def subject(request: str, facts: Facts) -> str:
        if request in TROUBLE:
            raise TROUBLE[request]
        sql = Sql(
            "SELECT entra_id FROM principal WHERE $wanted IN (entra_id, lower(upn)) AND user_type = $kind"
        )
        found = facts.table(sql, wanted=request, kind=kind)
        if not found:
            raise NotFound("There is no such person.")
        return str(found[0][0])

    def admit(request: str, facts: Facts) -> None:
        subject(request, facts)

    def report(_request: str, _facts: Facts) -> Bundle:
        raise NotImplementedError

    return Export(
        name=name, title=f"Toy {name}", description="Gives nothing.", family=Family.GRAPH_OPERATION,
        path=path, file_stem="Toy", fields=(Field(key, "user", "Whom.", Where.PATH, required=True),),
        read=read, admit=admit, report=report, subject=subject, sample=lambda _facts: {key: (ADELE,)},
        **{"versions": ("v1.0", "beta"), "access": Access(roles, roles, frozenset((GLOBAL_ADMINISTRATOR,))), **more},
    )  # fmt: skip


CATALOG = (
    _person_export("toy-person", "/users/{id}/exportPersonalData", "id", "Member", (EXPORT,)),
    _person_export(
        "toy-profile",
        "/directory/inboundSharedUserProfiles/{userId}/exportPersonalData",
        "userId",
        "B2B direct",
        (READ_ALL, READ_WRITE_ALL),
        versions=("beta",),
        access=Access(
            (READ_ALL, READ_WRITE_ALL),
            (READ_ALL, READ_WRITE_ALL),
            frozenset((GLOBAL_READER, GLOBAL_ADMINISTRATOR)),
        ),
        accepted_body=True,
    ),
)


@dataclass(slots=True)
class Wrist:
    """The clock of a house, which a test may put forward."""

    now: datetime = NOW


@dataclass(frozen=True, slots=True)
class GraphHouse:
    """A running server with its parts, and tokens for it."""

    listening: Listening
    control: sa.Engine
    identity: Identity
    registry: Registry
    shelf: Shelf
    wrist: Wrist
    log: io.StringIO
    tokens: dict[tuple[object, ...], str] = field(default_factory=dict, repr=False)

    def token(self, *roles: str, tenant: str = CONTOSO) -> str:
        """An application's own token; with every role unless some are named ("" = none)."""
        key = (tenant, self.wrist.now, *roles)
        if key not in self.tokens:
            wanted = tuple(role for role in roles or EVERY_ROLE if role)
            made = self.identity.apps.create("test", tenant, wanted or ("insights.graph.readwrite.all",))
            app = self.identity.apps.find(made.client_id)
            assert app is not None
            issuer = self.identity.graph_issuer
            issued = issuer.issue(app, "2.0", "https://issuer.test", by_certificate=False)
            self.tokens[key] = issued.value
        return self.tokens[key]

    def person_token(self, *scopes: str, user: str = ADELE, roles: tuple[str, ...] = ()) -> str:
        """A delegated token of somebody with these directory roles (display names)."""
        key = (user, self.wrist.now, scopes, roles)
        if key not in self.tokens:
            minted = self.identity.practice_tokens.mint(CONTOSO, user, ADELES_NAME, scopes, roles)
            self.tokens[key] = minted.value
        return self.tokens[key]

    def ask(
        self,
        target: str,
        method: str = "GET",
        *,
        json_body: object = None,
        body: bytes | None = None,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send `target` byte for byte. `token`: "" = one with every role in contoso, None = none."""
        connection = http.client.HTTPConnection(self.listening.host, self.listening.port, timeout=20)
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.token()}"
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, target, body=body, headers=sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def export(self, target: str = f"/v1.0/users/{ADELE}/exportPersonalData", **more: Any) -> Answer:
        """POST an export into a fresh container unless `json_body` says otherwise."""
        more.setdefault("json_body", {"storageLocation": container()})
        return self.ask(target, "POST", **more)

    def started(self, target: str = f"/v1.0/users/{ADELE}/exportPersonalData", **more: Any) -> str:
        """The id of a fresh operation."""
        answer = self.export(target, **more)
        assert answer.status == 202, (answer.status, answer.body)
        return answer.headers["location"].rpartition("/")[2]

    def put(self, operation: str, state: State, **values: Any) -> None:
        """Move an operation on, as the engine would have."""
        with self.control.begin() as connection:
            if state in UNFINISHED:
                moved = move(connection, operation, UNFINISHED, state, started=to_text(NOW), **values)
            else:
                moved = end(connection, operation, UNFINISHED, state, NOW, **values)
        assert moved is not None

    def ingest(self, tenant: str, as_of: datetime = AS_OF) -> None:
        """Load the tenant's people once more, as they were at `as_of`."""
        publish(self.registry, tenant, as_of)

    def audited(self, tenant: str = CONTOSO) -> list[Entry]:
        return entries(self.control, tenant, 1000)


def publish(registry: Registry, tenant: str, as_of: datetime = AS_OF) -> None:
    """A snapshot with two people of the directory and two of another organisation; Fabrikam has one more of each."""
    known = registry.ensure_tenant(tenant)
    builder = registry.begin(known, memory_mb=512)
    more = (
        (OMAR, "omar.haddad@proseware.com", "Omar Haddad", "B2B direct", PROSEWARE),
        (DIEGO, "diego.siciliani@fabrikam.com", "Diego Siciliani", "Member", None),
    )
    people = (
        (ADELE, ADELES_NAME, "Adele Vance", "Member", None),
        (MEGAN, ODD_NAME, "Megan Bowen", "Member", None),
        (KENJI, "kenji.sato@proseware.com", "Kenji Sato", "B2B direct", PROSEWARE),
        (LUCIA, "lucia.marchetti@proseware.com", "Lucia Marchetti", "B2B direct", None),
        *(more if tenant == FABRIKAM else ()),
    )
    rows = [
        {
            "id": number, "kind": "user", "entra_id": guid, "upn": upn, "name": name, "user_type": kind,
            "home_tenant": home, "external": kind != "Member", "status": "active",
        }
        for number, (guid, upn, name, kind, home) in enumerate(people)
    ]  # fmt: skip
    builder.add("principal", pa.Table.from_pylist(rows))
    registry.publish(
        known, builder, SnapshotMeta(known.id, known.name, as_of, "practice (toy)"), f"{as_of:%Y%m%d%H}"
    )


@contextmanager
def running_graph_house(folder: Path, **settings: Any) -> Iterator[GraphHouse]:
    """A house on a free port, in a thread of this process; stopped and closed at the end."""
    written = io.StringIO()
    log.set_up(as_json=True, stream=written)
    chosen = Settings(data=folder, **settings)
    wrist = Wrist()
    clock = Clock(now=lambda: wrist.now)
    control = open_control(chosen.control_path)
    registry = Registry(control, chosen.snapshots_path, chosen.work_path / "spill", clock)
    rules = GraphRules(is_practice=lambda _tenant: True, is_tenant=lambda _tenant: True)
    identity = open_identity(control, folder / "sealing.key", clock, graph=rules)
    sealer = open_sealer(folder / "sealing.key")
    jobs, shelf = Jobs(control, chosen, clock), Shelf()
    reports = ReportSettings(control, sealer, clock)
    graph = GraphServices(
        verify_graph=identity.graph_verifier.verify,
        operations=Operations(control, chosen, clock, sealer, shelf, jobs.enqueue),
        prepared=Prepared(folder / "prepared", reports, clock),
        links=Links(control, sealer, clock, chosen.download_link_seconds),
        report_settings=reports,
        removals=Removals(control, clock),
        settings=chosen,
    )

    @contextmanager
    def open_latest(tenant: str) -> Iterator[Facts]:
        with registry.open(tenant, registry.latest(tenant).id) as facts:
            yield facts

    services = Services(identity.verifier.verify, jobs, open_latest, clock, graph=graph)
    app = build_app(CATALOG, services, chosen)
    for tenant in (CONTOSO, FABRIKAM):
        publish(registry, tenant)
    ready = threading.Event()
    found: list[Listening] = []

    def on_ready(listening: Listening) -> None:
        found.append(listening)
        ready.set()

    thread = threading.Thread(target=serve, args=(app, "127.0.0.1", 0, on_ready, 2.0), name="server")
    thread.start()
    try:
        assert ready.wait(20)
        yield GraphHouse(found[0], control, identity, registry, shelf, wrist, written)
    finally:
        for listening in found:
            listening.stop()
        thread.join(20)
        control.dispose()
        structlog.reset_defaults()
        assert not thread.is_alive()
