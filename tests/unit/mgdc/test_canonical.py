"""From landed rows to the canonical tables: who is meant, where it lies, what a link gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.mgdc.canonical_tenant import DATASETS, ITEM, SITES
from tests.unit.mgdc.mgdc_parts import HOST, TENANT, House, guid, user_id

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    house = House(tmp_path_factory.mktemp("canonical"))
    result = house.take(DATASETS)
    assert {name: count.rejected for name, count in result.datasets.items() if count.rejected} == {}
    yield lambda statement: house.query(result, statement)
    house.close()


def test_groups_are_told_by_claim_id_mail_or_name(ask: Ask) -> None:
    """A group is found by its claim, its id, its mail or its unique name; what GroupDetails lacks is unresolved."""
    kinds = {
        name: (kind, status)
        for name, kind, status in ask(
            "SELECT name, kind, status FROM principal WHERE kind NOT IN ('user', 'link')"
        )
    }
    assert kinds["Finance"] == ("security_group", "active")
    assert kinds["Product"] == ("m365_group", "active")
    assert kinds["Product Owners"] == ("m365_owners", "active")
    assert kinds["Legal"] == ("mail_security_group", "active")
    assert kinds["News"] == ("distribution_group", "active")
    assert kinds["Gone"] == ("security_group", "soft_deleted")
    assert kinds["Lost"] == ("m365_group", "unresolved")
    assert kinds["Hidden"] == ("security_group", "unresolved")
    assert kinds["Nowhere"] == ("unresolved", "unresolved")
    assert kinds["Partner"] == ("external_group", "active")
    assert kinds["Global Administrator"] == ("directory_role", "unresolved")
    assert kinds["System Account"] == ("application", "active")
    assert ask(
        "SELECT reported_users FROM principal WHERE name IN ('Hidden', 'Nowhere', 'Ghosts') ORDER BY name"
    ) == [(4,), (7,), (12,)]


def test_membership_follows_the_directory(ask: Ask) -> None:
    """Direct members are people and groups; devices reach nothing, and link markers are nobody."""
    members = ask(
        "SELECT g.name, m.name FROM member e JOIN principal g ON g.id = e.container"
        " JOIN principal m ON m.id = e.member ORDER BY ALL"
    )
    assert members == [
        ("Finance", "Legal"),
        ("Finance", "anna"),
        ("Product", "boris"),
        ("S1 Owners", "Finance"),
        ("S1 Owners", "anna"),
    ]
    assert ask(
        "SELECT g.name, p.name FROM owner o JOIN principal g ON g.id = o.grp JOIN principal p ON p.id = o.principal"
    ) == [("Product", "clara")]
    assert ask("SELECT membership FROM principal WHERE name = 'Research'") == [("Dynamic",)]


def test_everyone_claims_come_by_login_or_name(ask: Ask) -> None:
    """Special groups are recognised by name without login, blanks or not; a foreign suffix is still everyone-except-external."""
    assert ask(
        "SELECT kind, login FROM principal WHERE kind IN ('everyone', 'eeeu', 'all_windows') ORDER BY ALL"
    ) == [
        ("all_windows", "c:0!.s|windows"),
        ("eeeu", f"c:0-.f|rolemanager|spo-grid-all-users/{guid('foreign', 1)}"),
        ("eeeu", f"c:0-.f|rolemanager|spo-grid-all-users/{TENANT}"),
        ("everyone", "c:0(.s|true"),
    ]


def test_people_are_one_whatever_names_them(ask: Ask) -> None:
    """A person is one principal by id, UPN or mail; status, type and externality follow insights.md 3.11."""
    people = {
        name: rest
        for name, *rest in ask(
            "SELECT name, user_type, external, status FROM principal WHERE kind = 'user' AND name <> 'clara'"
        )
    }
    assert people == {
        "anna": ["Member", False, "active"],
        "boris": ["Member", False, "blocked"],
        "boss": ["Member", False, "active"],
        "yusuf": ["Member", True, "active"],
        "greta": ["Guest", True, "active"],
        "gus": ["Guest", True, "active"],
        "mia": ["Guest", True, "active"],
        "bea": ["B2B direct", True, "active"],
        "nobody": ["Member", False, "unresolved"],
        "ida": ["Guest", True, "active"],
        "jan": ["Guest", True, "invited"],
    }
    assert ask("SELECT entra_id, status FROM principal WHERE name = 'clara' ORDER BY status") == sorted(
        [(user_id("clara"), "active"), (guid("user", 999), "id_mismatch")], key=lambda row: row[1]
    )


def test_sharepoint_groups_match_by_site_and_name(ask: Ask) -> None:
    """A SharePoint group recipient is found on its site by name, letter case and blanks aside; else it is unresolved there."""
    assert ask(
        "SELECT p.name, p.status, p.sp_id, l.name, l.id, l.rank FROM acl a"
        " JOIN principal p ON p.id = a.principal JOIN level l ON l.id = a.level"
        " WHERE p.kind = 'sp_group' ORDER BY ALL"
    ) == [
        ("Ghosts", "unresolved", None, "Contribute without delete", 100, 250),
        ("S1 Owners", "active", 3, "Contribute without delete", 100, 250),
    ]


def test_sites_have_module_type_and_state(ask: Ask) -> None:
    """Module, type, privacy and state follow insights.md 3.9, 3.10 and the lock flags."""
    rows = ask(
        "SELECT guid, module, site_type, state, privacy, external_sharing, label, channel_name FROM site"
    )
    sites = {row[0]: row[1:] for row in rows}
    assert sites[guid("site", 1)] == (
        "SharePoint Online",
        "Classic",
        "Active",
        None,
        "ExternalUserAndGuestSharing",
        "Confidential",
        None,
    )
    assert sites[guid("site", 2)][:3] == ("Microsoft 365 Group", "Group-connected", "Active")
    assert sites[guid("site", 3)][:5] == (
        "Microsoft Teams",
        "Team (standard)",
        "Active",
        "Private",
        "Disabled",
    )
    assert sites[guid("site", 4)][:2] == ("OneDrive", "OneDrive")
    assert sites[guid("site", 5)][:2] == ("Microsoft Teams", "Private channel")
    assert sites[guid("site", 5)][6] == "Budget"
    assert sites[guid("site", 6)][:2] == ("Microsoft Teams", "Shared channel")
    assert sites[guid("site", 7)][:3] == ("SharePoint Online", "Communication", "Read-only")
    assert [sites[guid("site", n)][2] for n in (8, 9, 10)] == ["Deleted", "Archived", "No access"]


def test_administrators(ask: Ask) -> None:
    """SiteAdmin rows and the Owner are administrators; a site owned by its own group is administered by the group's owners."""
    assert ask(
        "SELECT s.title, p.name, p.kind, a.is_primary FROM site_admin a"
        " JOIN site s ON s.id = a.site JOIN principal p ON p.id = a.principal ORDER BY 1"
    ) == [
        ("Anna", "anna", "user", True),
        ("Site 1", "anna", "user", False),
        ("Site 2", "Product Owners", "m365_owners", True),
    ]


def test_the_tree_is_whole(ask: Ask) -> None:
    """Every site has its root; containers nobody names are made; a list tells its subsite; case makes no place."""
    tree = ask(
        "SELECT s.url[length(r.url) + 1:], s.kind, s.has_acl, p.url[length(r.url) + 1:] FROM securable s"
        " JOIN securable r ON r.site = s.site AND r.parent IS NULL"
        f" JOIN securable p ON p.id = s.parent WHERE r.url = '{HOST}/sites/s1' AND s.url NOT LIKE '%Docs%' ORDER BY s.id"
    )
    assert tree == [
        ("/shared%20documents", "library", False, ""),
        ("/shared%20documents/a%20&%20b", "folder", True, "/shared%20documents"),
        ("/Shared%20Documents/A%20&%20B/100%25%20%231.docx", "file", True, "/shared%20documents/a%20&%20b"),
        ("/sub", "web", False, ""),
        ("/sub/Lists/Tasks", "list", True, "/sub"),
        ("/sub/Lists/Tasks/3_.000", "item", True, "/sub/Lists/Tasks"),
    ]
    assert ask("SELECT count(*) FROM securable WHERE kind = 'root'") == [(len(SITES),)]


def test_files_inherit_where_their_path_says(ask: Ask) -> None:
    """A file without own rows hangs below its folders, counted from its web or from the host; its label and date come along."""
    assert ask(
        "SELECT s.kind, s.has_acl, p.name, p.kind FROM securable s JOIN securable p ON p.id = s.parent WHERE s.name = 'note.txt'"
    ) == [("file", False, "Deeper", "folder")]
    assert ask(
        "SELECT guid, label, has_acl, modified_at::VARCHAR FROM securable WHERE name = 'plan.docx'"
    ) == [(ITEM, "Secret", True, "2026-05-01 10:00:00")]


def test_rows_of_a_renamed_site_find_its_root(ask: Ask) -> None:
    """Where the root web's rows have another path than the site, what lies below that path hangs below the site's root."""
    assert ask(
        f"SELECT s.url, p.url, g.url FROM securable s JOIN securable p ON p.id = s.parent JOIN securable g ON g.id = p.parent"
        f" WHERE s.url = '{HOST}/sites/old3/Docs/x.txt'"
    ) == [(f"{HOST}/sites/old3/Docs/x.txt", f"{HOST}/sites/old3/Docs", f"{HOST}/sites/s3")]
    assert ask(
        f"SELECT count(*) FROM acl a JOIN securable s ON s.id = a.securable WHERE s.url = '{HOST}/sites/s3'"
    ) == [(1,)]


def test_links_have_scope_permission_and_place(ask: Ask) -> None:
    """A link is one principal with the scope of its record, whatever its kind; on several objects it belongs to the topmost."""
    links = {
        row[0]: row[1:]
        for row in ask(
            "SELECT k.link_id, k.scope, k.permission, k.block_download, s.name, k.created_by, k.expires_at IS NOT NULL,"
            " (SELECT count(*) FROM acl a WHERE a.principal = k.principal) FROM link k"
            " LEFT JOIN securable s ON s.id = k.securable"
        )
    }
    assert links[guid("link", 1)] == ("specific", "Edit", False, "plan.docx", "anna@contoso.com", True, 1)
    assert links[guid("link", 2)] == ("organization", "View", True, "a.docx", None, False, 1)
    assert links[guid("link", 4)] == ("anyone", "Review", False, "Docs", None, False, 2)
    assert links[guid("link", 5)][:2] == ("organization", "Review")
    assert links[guid("link", 9)] == ("anyone", "Edit", None, None, None, False, 0)
    assert len(links) == 6


def test_invites_and_redemption(ask: Ask) -> None:
    """Whom a row names is invited, who is in the link's group has redeemed it; without a group in the data, whom it names has."""
    rows = ask(
        "SELECT k.link_id, p.name, i.redeemed FROM invite i JOIN link k ON k.principal = i.link"
        " JOIN principal p ON p.id = i.principal ORDER BY ALL"
    )
    assert sorted((name, redeemed) for link_id, name, redeemed in rows if link_id == guid("link", 1)) == [
        ("Finance", False),
        ("ida", True),
        ("jan", False),
    ]
    assert sorted((name, redeemed) for link_id, name, redeemed in rows if link_id == guid("link", 2)) == [
        ("anna", True),
        ("boris", False),
    ]
    assert [(name, redeemed) for link_id, name, redeemed in rows if link_id == guid("link", 3)] == [
        ("boris", True)
    ]


def test_problems_are_named_once(ask: Ask) -> None:
    """Whatever could not be resolved is a source problem, once per site and principal, with a code."""
    problems = ask("SELECT code, principal, object FROM source_problem ORDER BY ALL")
    assert {(code, principal) for code, principal, _ in problems} == {
        ("GROUP_UNRESOLVED", "Ghosts"),
        ("GROUP_UNRESOLVED", "Global Administrator"),
        ("GROUP_UNRESOLVED", "Hidden"),
        ("GROUP_UNRESOLVED", "Lost"),
        ("GROUP_UNRESOLVED", "Nowhere"),
        ("PRINCIPAL_UNRESOLVED", "nobody"),
        ("ID_MISMATCH", "clara"),
        ("SITE_NOT_FOUND", None),
    }
    assert len(problems) == 8
