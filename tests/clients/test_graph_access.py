"""Who may make which Graph call: app roles, scopes and directory roles, never mixed (graph.md 1.5, T09)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.clients.graph_house import (
    ADELE,
    EXPORT,
    KENJI,
    LUCIA,
    MEGAN,
    READ_ALL,
    READ_WRITE_ALL,
    GraphHouse,
    running_graph_house,
)
from tests.clients.insights_house import Answer
from waybill.identity.directory_roles import DIRECTORY_ROLES, GRAPH_APP_ROLES, GRAPH_SCOPES

READ_OWN, READ_WRITE_OWN = "CrossTenantUserProfileSharing.Read", "CrossTenantUserProfileSharing.ReadWrite"
ADMIN, READER = "Global Administrator", "Global Reader"
EVERY = frozenset(DIRECTORY_ROLES)
PROFILE = f"/beta/directory/inboundSharedUserProfiles/{KENJI}"


@dataclass(frozen=True)
class Call:
    """One call of the contract's table: who may make it, and what success looks like.

    roles: of a person; any of them is enough. own: scopes that are enough for the person's own profile.
    """

    method: str
    path: str
    permissions: tuple[str, ...]
    scopes: tuple[str, ...]
    roles: frozenset[str]
    good: int
    own: tuple[str, ...] = ()


READ = (EXPORT, "User.Read.All")
SHARING = (READ_ALL, READ_WRITE_ALL)
CALLS = {
    "export": Call("POST", f"/v1.0/users/{ADELE}/exportPersonalData", (EXPORT,), (EXPORT,), frozenset({ADMIN}), 202),
    "me": Call("POST", "/beta/me/exportPersonalData", (), (EXPORT,), frozenset({ADMIN}), 202),
    "operation": Call("GET", "/v1.0/dataPolicyOperations/{operation}", READ, READ, EVERY, 200),
    "operations": Call("GET", "/beta/dataPolicyOperations", READ, READ, EVERY, 200),
    "count": Call("GET", "/beta/dataPolicyOperations/$count", READ, READ, EVERY, 200),
    "profile export": Call(
        "POST", f"{PROFILE}/exportPersonalData", SHARING, SHARING, frozenset({ADMIN, READER}), 202
    ),
    "profiles": Call(
        "GET", "/beta/directory/inboundSharedUserProfiles", SHARING, SHARING, frozenset({ADMIN, READER}), 200
    ),
    "profile": Call(
        "GET", PROFILE, SHARING, SHARING, frozenset({ADMIN, READER}), 200,
        own=(READ_OWN, READ_WRITE_OWN, *SHARING),
    ),
    "removal": Call(
        "POST", f"/beta/directory/inboundSharedUserProfiles/{LUCIA}/removePersonalData",
        (READ_WRITE_ALL,), (READ_WRITE_ALL,), frozenset({ADMIN}), 204, own=(READ_WRITE_OWN, READ_WRITE_ALL),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def graph_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphHouse]:
    """A house with one operation, about the person whose tokens the tests use."""
    with running_graph_house(tmp_path_factory.mktemp("access")) as house:
        house.started()
        yield house


def make(house: GraphHouse, call: Call, token: str | None) -> Answer:
    if "{" in call.path:
        found = house.ask("/v1.0/dataPolicyOperations?$orderby=submittedDateTime&$top=1").json["value"]
        return house.ask(call.path.format(operation=found[0]["id"]), call.method, token=token)
    return (
        house.export(call.path, token=token)
        if call.good == 202
        else house.ask(call.path, call.method, token=token)
    )


def denied(answer: Answer) -> None:
    """403 in the directory's words, or in those of the service behind it when a directory role is missing."""
    assert answer.status == 403, (answer.status, answer.body)
    assert (answer.json["error"]["code"], answer.json["error"]["message"]) in (
        ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        (
            "Forbidden",
            "Access is denied to the requested resource. The user might not have enough permission.",
        ),
    )


@pytest.mark.parametrize("name", CALLS)
def test_t09_app_roles(graph_house: GraphHouse, name: str) -> None:
    """An application may make a call with any one of its roles, and with no other."""
    call = CALLS[name]
    for role in GRAPH_APP_ROLES:
        answer = make(graph_house, call, graph_house.token(role))
        if role in call.permissions:
            assert answer.status == call.good, (role, answer.body)
        elif name == "me" and role == EXPORT:
            assert answer.status == 400, "an application is nobody"
        else:
            denied(answer)
    denied(make(graph_house, call, graph_house.token("")))


@pytest.mark.parametrize("name", CALLS)
def test_t09_scopes_with_the_strongest_role(graph_house: GraphHouse, name: str) -> None:
    """A Global Administrator's token allows a call by any one of its scopes, and by no other."""
    call = CALLS[name]
    for scope in GRAPH_SCOPES:
        answer = make(graph_house, call, graph_house.person_token(scope, roles=(ADMIN,)))
        if scope in call.scopes:
            assert answer.status == call.good, (scope, answer.body)
        else:
            denied(answer)


@pytest.mark.parametrize("name", CALLS)
def test_t09_directory_roles_with_every_scope(graph_house: GraphHouse, name: str) -> None:
    """With every scope, a person still needs one of the call's directory roles."""
    call = CALLS[name]
    for role in DIRECTORY_ROLES:
        answer = make(graph_house, call, graph_house.person_token(*GRAPH_SCOPES, roles=(role,)))
        if role in call.roles:
            assert answer.status == call.good, (role, answer.body)
        else:
            denied(answer)
    answer = make(graph_house, call, graph_house.person_token(*GRAPH_SCOPES))
    if call.roles == EVERY:
        assert answer.status == call.good
    else:
        denied(answer)


@pytest.mark.parametrize("name", ["profile", "removal"])
def test_t09_own_profile(graph_house: GraphHouse, name: str) -> None:
    """For one's own profile the least scopes are enough, without any directory role."""
    call = CALLS[name]
    owner = KENJI if name == "profile" else LUCIA
    for scope in GRAPH_SCOPES:
        answer = make(graph_house, call, graph_house.person_token(scope, user=owner))
        if scope in call.own:
            assert answer.status == call.good, (scope, answer.body)
        else:
            denied(answer)
    denied(make(graph_house, call, graph_house.person_token(READ_OWN, READ_WRITE_OWN, user=MEGAN)))


@pytest.mark.parametrize("name", CALLS)
def test_t09_no_token(graph_house: GraphHouse, name: str) -> None:
    """Without a token, with a garbled one, an expired one or one of the other face: 401 and Bearer."""
    call = CALLS[name]
    insights = graph_house.identity
    made = insights.apps.create(
        "other face", "7e57ab1e-0000-4000-8000-00000000c0de", ("insights.graph.readwrite.all",)
    )
    app = insights.apps.find(made.client_id)
    assert app is not None
    other = insights.issuer.issue(app, app.permissions, "https://issuer.test", "urn:waybill:insights").value
    for token in (None, "garbled", graph_house.token()[:-4] + "AAAA", other):
        answer = make(graph_house, call, token)
        assert (answer.status, answer.json["error"]["code"]) == (401, "InvalidAuthenticationToken")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_t09_expired(graph_house: GraphHouse) -> None:
    """A token counts until it expires."""
    token, now = graph_house.token(), graph_house.wrist.now
    try:
        graph_house.wrist.now = now.replace(hour=now.hour + 2)
        answer = graph_house.ask("/v1.0/dataPolicyOperations", token=token)
    finally:
        graph_house.wrist.now = now
    assert (answer.status, answer.json["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_dpo_7_people_see_their_own(graph_house: GraphHouse) -> None:
    """People without the role see the operations about themselves; others answer like unknown ones."""
    mine = graph_house.started()
    other = graph_house.started(f"/v1.0/users/{MEGAN}/exportPersonalData")
    token = graph_house.person_token("User.Read.All")
    admin = graph_house.person_token("User.Read.All", roles=(ADMIN,))
    assert graph_house.ask(f"/v1.0/dataPolicyOperations/{mine}", token=token).status == 200
    hidden = graph_house.ask(f"/v1.0/dataPolicyOperations/{other}", token=token)
    assert (hidden.status, hidden.json["error"]["code"]) == (400, "OperationNotFound")
    found = {
        one["userId"] for one in graph_house.ask("/v1.0/dataPolicyOperations", token=token).json["value"]
    }
    assert found == {ADELE}
    counted = int(graph_house.ask("/v1.0/dataPolicyOperations/$count", token=token).body)
    everything = int(graph_house.ask("/v1.0/dataPolicyOperations/$count", token=admin).body)
    assert counted < everything
    assert graph_house.ask(f"/v1.0/dataPolicyOperations/{other}", token=admin).status == 200
