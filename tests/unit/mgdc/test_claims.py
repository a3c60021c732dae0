"""The claims table: every row of insights.md 3.5, in Python and in SQL alike."""

from __future__ import annotations

import duckdb
import pytest

from waybill.tenant.claims import Claim, Meaning, classify, meaning_sql, plain, plain_sql, value_sql

ID = "0d83c6c7-2d2f-4c02-9cf9-c405ade49a1a"
HEX = "39afb0d6a904b58c88b1fbca3f99f201d1414cea20a8a5b4f6c091e996ccf422"

ROWS: list[tuple[str, Claim | None]] = [
    ("i:0#.f|membership|Anna@contoso.com", Claim(Meaning.USER, "anna@contoso.com")),
    ("i:0%23.f%7cmembership%7canna%40contoso.com", Claim(Meaning.USER, "anna@contoso.com")),
    ("i:0#.f|membership|a_fabrikam.com#ext#@contoso.com", Claim(Meaning.USER, "a_fabrikam.com#ext#@contoso.com")),
    ("i:0#.f|membership|a_fabrikam.com%2523ext%2523@contoso.com", Claim(Meaning.USER, "a_fabrikam.com#ext#@contoso.com")),
    ("i:0#.f|membership|urn:spo:guest#a@fabrikam.com", Claim(Meaning.LINK_GUEST, "a@fabrikam.com")),
    ("i:0#.f|membership|urn%3aspo%3aguest#a@fabrikam.com", Claim(Meaning.LINK_GUEST, "a@fabrikam.com")),
    (f"c:0t.c|tenant|{ID}", Claim(Meaning.GROUP, ID)),
    (f"C:0T.C|Tenant|{ID.upper()}", Claim(Meaning.GROUP, ID)),
    (f"c:0u.c|tenant|{ID}", Claim(Meaning.GROUP, ID)),
    (f"c:0u.c|tenant|{HEX}", Claim(Meaning.LINK_MARKER, HEX)),
    (f"c:0o.c|federateddirectoryclaimprovider|{ID}", Claim(Meaning.M365_GROUP, ID)),
    (f"c:0o.c|federateddirectoryclaimprovider|{ID}_o", Claim(Meaning.M365_OWNERS, ID)),
    (f"c:0o.c|federateddirectoryclaimprovider|{ID}_0", None),
    (f"c:0o.c|federateddirectoryclaimprovider|{ID}o", None),
    (f"c:0o.c|federateddirectoryclaimprovider|{ID}_o_o", None),
    (f"x c:0o.c|federateddirectoryclaimprovider|{ID}_o", None),
    ("c:0(.s|true", Claim(Meaning.EVERYONE, "")),
    ("c:0(.s|tru", Claim(Meaning.EVERYONE, "")),
    ("c:0(.s|truest", None),
    ("c:0-.f|rolemanager|spo-grid-all-users", Claim(Meaning.EEEU, "")),
    (f"c:0-.f|rolemanager|spo-grid-all-users/{ID}", Claim(Meaning.EEEU, ID)),
    (f"c:0-.f|rolemanager|spo-grid-all-users%2F{ID}", Claim(Meaning.EEEU, ID)),
    ("c:0!.s|windows", Claim(Meaning.ALL_WINDOWS, "")),
    ("c:0!.s|forms:membership", Claim(Meaning.ALL_MEMBERSHIP, "")),
    ("c:0!.s|forms%3amembership", Claim(Meaning.ALL_MEMBERSHIP, "")),
    ("c:0!.s|forms%253Amembership", Claim(Meaning.ALL_MEMBERSHIP, "")),
    ("c:0-.f|rolemanager|s-1-5-21-1004336348-512", Claim(Meaning.DIRECTORY_ROLE, "s-1-5-21-1004336348-512")),
    (f"SharingLinks.{ID}.Flexible.{ID}", Claim(Meaning.LINK, ID)),
    (f"i:0i.t|ms.sp.ext|{ID}@contoso", Claim(Meaning.APPLICATION, ID)),
    ("Finance Members", None),
    ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("login", "claim"), ROWS)
def test_every_form_has_its_meaning(login: str, claim: Claim | None) -> None:
    """A login name means what insights.md 3.5 says; `_o` is the owners claim, `_0` is not, and a prefix alone is none."""
    assert classify(login) == claim


def test_sql_agrees_with_python() -> None:
    """The SQL form classifies every login name as the Python function does."""
    with duckdb.connect() as connection:
        for login, claim in ROWS:
            found = connection.execute(
                f"SELECT claim, {meaning_sql('claim')}, {value_sql('claim')} FROM (SELECT {plain_sql('$login')} AS claim)",
                {"login": login},
            ).fetchall()[0]
            assert found == (plain(login), claim and str(claim.meaning), claim and claim.value), login
