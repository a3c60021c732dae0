"""The paths and queries clients send, over real HTTP (insights.md 1.3 A, 1.4, 1.5)."""

from __future__ import annotations

import pytest

from tests.clients.insights_house import GROUPS, SITES, House

GUID = "0d6c1549-0000-4dd2-0000-28df0000f7e2"
EVERYONE = "c:0(.s|true"
EEEU = "c:0-.f|rolemanager|spo-grid-all-users"
MEMBERSHIP = "c:0!.s|forms:membership"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (EVERYONE, EVERYONE),
        ("c%3A0%28.s%7Ctrue", EVERYONE),
        ("c%253A0(.s%257Ctrue", EVERYONE),
        ("c%25253A0%252528.s%25257Ctrue", EVERYONE),
        ("c:0(.s|tru", "c:0(.s|tru"),
        ("c%3a0%28.s%7ctru", "c:0(.s|tru"),
        (EEEU, EEEU),
        ("c%3A0-.f%7Crolemanager%7Cspo-grid-all-users", EEEU),
        (f"c%3A0-.f%7Crolemanager%7Cspo-grid-all-users%2F{GUID}", f"{EEEU}/{GUID}"),
        (f"c:0-.f|rolemanager|spo-grid-all-users%252f{GUID}", f"{EEEU}/{GUID}"),
        ("c:0!.s|windows", "c:0!.s|windows"),
        ("c%3A0%21.s%7Cwindows", "c:0!.s|windows"),
        (MEMBERSHIP, MEMBERSHIP),
        ("c:0!.s|forms%3amembership", MEMBERSHIP),
        ("c%3A0%21.s%7Cforms%3Amembership", MEMBERSHIP),
        ("c%3A0%21.s%7Cforms%253amembership", MEMBERSHIP),
        (
            f"c:0o.c|federateddirectoryclaimprovider|{GUID}_o",
            f"c:0o.c|federateddirectoryclaimprovider|{GUID}_o",
        ),
        (f"c%3A0t.c%7Ctenant%7C{GUID}", f"c:0t.c|tenant|{GUID}"),
        ("a_b.com%2523ext%2523%2540t.onmicrosoft.com", "a_b.com#ext#@t.onmicrosoft.com"),
        ("a_b.com%23ext%23%40t.onmicrosoft.com", "a_b.com#ext#@t.onmicrosoft.com"),
        ("a+b@contoso.com", "a+b@contoso.com"),
        (f"{GUID},{GUID.upper()}", f"{GUID},{GUID.upper()}"),
        ("%20%20" + GUID + "%20", GUID),
        ("%E3%82%B0%E3%83%AB%E3%83%BC%E3%83%97", "グループ"),
        ("%ff", "\ufffd"),
    ],
)
def test_group_ids(house: House, sent: str, meant: str) -> None:
    """A group id arrives as the client meant it, sent raw, encoded once, twice or three times."""
    assert house.received(GROUPS.replace("{id}", sent))["groupId"] == (meant,)


@pytest.mark.parametrize(
    "path",
    [
        "/insights/groups/access/export",
        "/insights/groups//access/export",
        "/insights/groups/%20/access/export",
        "/insights/groups/{groupId}/access/export",
        "/insights/groups/%7BgroupId%7D/access/export",
        "/insights/groups/%257bGROUPID%257d/access/export",
        "/insights/groups/all/access/export",
        "/insights/groups/All/access/export/",
    ],
)
def test_group_id_left_out(house: House, path: str) -> None:
    """Every way to skip the group id means that no group id was sent."""
    assert house.received(f"{path}?exportOptionType=3&dataSources=OneDrive") == {
        "exportOptionType": ("3",),
        "dataSources": ("OneDrive",),
    }


@pytest.mark.parametrize(
    "path",
    [
        "/Insights/Groups/G1/Access/Export",
        "/INSIGHTS/GROUPS/G1/ACCESS/EXPORT",
        "/insights/groups/G1/access/export/",
        "//insights/groups/G1/access/export",
        "/%69nsights/groups/G1/access/export",
    ],
)
def test_paths_without_case(house: House, path: str) -> None:
    """The literal parts of a path are matched in any case and encoding, the id keeps its own case."""
    assert house.received(f"{path}?exportOptionType=3")["groupId"] == ("G1",)


@pytest.mark.parametrize(
    "path",
    [
        "/insights",
        "/insights/",
        "/insights/groups/G1/access",
        "/insights/groups/a/b/access/export",
        "/insights//groups/G1/access/export",
        "/insights%2Fgroups%2FG1%2Faccess%2Fexport",
        "/insights/groups/../groups/G1/access/export",
        "/insights/job/1/exportstatuses",
        "/insights/job/exportstatus",
        "/",
        "*",
    ],
)
def test_unknown_paths(house: House, path: str) -> None:
    """A path that is none of ours is 404 in the envelope, with or without a token."""
    for token in ("", None):
        answer = house.ask(path, token=token)
        assert (answer.status, answer.json["status"], answer.json["jobId"]) == (404, 404, None)


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("siteUrls=https%3A%2F%2Fa%2Fx&siteUrls=https%3A%2F%2Fa%2Fy", ("https://a/x", "https://a/y")),
        ("siteUrls[]=https://a/x&siteUrls[]=https://a/y", ("https://a/x", "https://a/y")),
        ("siteUrls%5B%5D=https://a/x", ("https://a/x",)),
        ("siteUrls[0]=https://a/x&siteUrls[1]=https://a/y", ("https://a/x", "https://a/y")),
        ("SITEURLS=https://a/x&siteurls=https://a/y&SiteUrls[7]=https://a/z", ("https://a/x", "https://a/y", "https://a/z")),
        ("siteUrls=https://a/x,https://a/y", ("https://a/x,https://a/y",)),
        ("siteUrls=https://a/Q1,2026%20plan", ("https://a/Q1,2026 plan",)),
        ("siteUrls=https://a/a+b&siteUrls=https://a/a%2Bb", ("https://a/a b", "https://a/a+b")),
        ("siteUrls=https://a/x?web=1%26y%3D2", ("https://a/x?web=1&y=2",)),
        ("siteUrls=&siteUrls=https://a/x", ("", "https://a/x")),
        ("siteUrls=https://a/%E6%97%A5%FF", ("https://a/日\ufffd",)),
        ("&&siteUrls=https://a/x&", ("https://a/x",)),
    ],
)  # fmt: skip
def test_lists_in_the_query(house: House, query: str, meant: tuple[str, ...]) -> None:
    """List values reach the export decoded once, in order, whatever form the list has."""
    assert house.received(f"{SITES}?{query}") == {"siteUrls": meant}


def test_unknown_query_names_are_ignored(house: House) -> None:
    """Parameters that the export does not declare, such as a copied time range, change nothing."""
    query = "siteUrls=https://a/x&startTime=2026-01-01T00:00:00&finishTime=&secret&siteUrls2=z"
    assert house.received(f"{SITES}?{query}") == {"siteUrls": ("https://a/x",)}


def test_hidden_fields_are_accepted(house: House) -> None:
    """A field that the documentation hides still reaches the export."""
    assert house.received(GROUPS.replace("{id}", "g") + "&Language=FR-fr")["language"] == ("FR-fr",)


def test_many_values(house: House) -> None:
    """A hundred and one sites arrive as a hundred and one values; the limit is the export's to state."""
    query = "&".join(f"siteUrls=https://a/{number}" for number in range(101))
    assert len(house.received(f"{SITES}?{query}")["siteUrls"]) == 101


def test_absurdly_many_values(house: House) -> None:
    """A query with more values than any client sends is a clean 400."""
    answer = house.ask(f"{SITES}?{'&'.join('a=1' for _ in range(2001))}")
    assert (answer.status, answer.json["jobId"]) == (400, None)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_get_starts_jobs(house: House, method: str) -> None:
    """No method but GET ever starts a job; the others are told which one is allowed."""
    target = f"{SITES}?siteUrls=https://a/by-{method}"
    before = len(house.jobs.list(limit=10_000))
    answer = house.ask(target, method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert len(house.jobs.list(limit=10_000)) == before
