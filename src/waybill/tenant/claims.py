"""Tell what a login name means: one anchored table of claim forms, for Python and for SQL (insights.md 3.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Meaning(StrEnum):
    """What a claim names. `Claim.value` is what the comment says; empty where it says nothing."""

    USER = "user"  # the user principal name, lower case
    LINK_GUEST = "link_guest"  # the mail address of a guest without directory account
    GROUP = "group"  # GUID of an Entra group or directory role
    M365_GROUP = "m365_group"  # GUID of a Microsoft 365 group: its members
    M365_OWNERS = "m365_owners"  # GUID of a Microsoft 365 group: its owners only
    DIRECTORY_ROLE = "directory_role"  # SID
    EVERYONE = "everyone"
    EEEU = "eeeu"  # everyone except external users; the suffix, which need not be the tenant's id
    ALL_WINDOWS = "all_windows"
    ALL_MEMBERSHIP = "all_membership"
    APPLICATION = "application"  # client id
    LINK = "link"  # a hidden link group: GUID of the share
    LINK_MARKER = "link_marker"  # SharePoint's own mark of a link (SLinkClaim): nobody


@dataclass(frozen=True, slots=True)
class Claim:
    meaning: Meaning
    value: str


_ESCAPES = (("%25", "%"), ("%3a", ":"), ("%7c", "|"), ("%2f", "/"), ("%23", "#"), ("%28", "("), ("%21", "!"),
            ("%40", "@"), ("%20", " "))  # fmt: skip
"""What clients and sources percent-encode in login names, often twice; `%` itself first (1.5)."""

_ROUNDS = 3

_TABLE: tuple[tuple[str, Meaning], ...] = (
    (r"^(?:i:0[^|]*\|membership\|)?urn:spo:guest#(.+)$", Meaning.LINK_GUEST),
    (r"^i:0[^|]*\|membership\|(.+)$", Meaning.USER),
    (r"^i:0i\.t\|[^|]*\|([^@|]+)(?:@.*)?$", Meaning.APPLICATION),
    # `_o` and nothing else: `_0` (zero) is no owners claim, which two published tools got wrong (3.5).
    (rf"^c:0o\.c\|federateddirectoryclaimprovider\|({_GUID})_o$", Meaning.M365_OWNERS),
    (rf"^c:0o\.c\|federateddirectoryclaimprovider\|({_GUID})$", Meaning.M365_GROUP),
    (rf"^c:0[tu]\.c\|tenant\|({_GUID})$", Meaning.GROUP),
    # 64 hexadecimal digits in the place of the GUID: seen in every Limited Access group of the samples.
    (r"^c:0u\.c\|tenant\|([0-9a-f]{64})$", Meaning.LINK_MARKER),
    # `tru` is how the vendor's own page spells it since 2025 (1.5).
    (r"^c:0\(\.s\|true?()$", Meaning.EVERYONE),
    (r"^c:0-\.f\|rolemanager\|spo-grid-all-users/?(.*)$", Meaning.EEEU),
    (r"^c:0!\.s\|windows()$", Meaning.ALL_WINDOWS),
    (r"^c:0!\.s\|forms:membership()$", Meaning.ALL_MEMBERSHIP),
    (r"^c:0-\.f\|rolemanager\|(s-1-[0-9-]+)$", Meaning.DIRECTORY_ROLE),
    (rf"^sharinglinks\.{_GUID}\.[a-z]+\.({_GUID})$", Meaning.LINK),
)
_COMPILED = tuple((re.compile(pattern, re.ASCII | re.DOTALL), meaning) for pattern, meaning in _TABLE)

SPECIAL_NAMES = {
    "everyone": Meaning.EVERYONE,
    "everyoneexceptexternalusers": Meaning.EEEU,
    "allusers(windows)": Meaning.ALL_WINDOWS,
    "allusers(membership)": Meaning.ALL_MEMBERSHIP,
}
"""Display names, lower case without blanks, of the groups which MGDC often lists with a name alone (1.3)."""

ROLE_NAMES = frozenset(
    {"globaladministrator", "companyadministrator", "sharepointadministrator", "sharepointserviceadministrator"}
)  # fmt: skip
"""Display names, lower case without blanks, of directory roles that SharePoint grants access to (3.5)."""

SPECIAL_TITLES = {
    Meaning.EVERYONE: "Everyone",
    Meaning.EEEU: "Everyone except external users",
    Meaning.ALL_WINDOWS: "All Users (windows)",
    Meaning.ALL_MEMBERSHIP: "All Users (membership)",
}


def plain(login: str) -> str:
    """The login name in lower case with its percent-escapes decoded, up to three times (1.5)."""
    text = login.strip(" ").lower()
    for _ in range(_ROUNDS):
        for escape, character in _ESCAPES:
            text = text.replace(escape, character)
    return text


def classify(login: str) -> Claim | None:
    """What `login` names; None if it has none of the known forms."""
    text = plain(login)
    for pattern, meaning in _COMPILED:
        found = pattern.match(text)
        if found:
            return Claim(meaning, found.group(1))
    return None


def plain_sql(expression: str) -> str:
    """`plain` as a DuckDB expression over the SQL expression given."""
    text = f"lower(trim({expression}))"
    for _ in range(_ROUNDS):
        for escape, character in _ESCAPES:
            text = f"replace({text}, '{escape}', '{character}')"
    return text


def meaning_sql(plain_login: str) -> str:
    """`classify(...).meaning` as a DuckDB expression over a column that holds `plain` text; NULL if unknown."""
    cases = " ".join(
        f"WHEN regexp_matches({plain_login}, '{pattern}', 's') THEN '{meaning}'"
        for pattern, meaning in _TABLE
    )
    return f"CASE {cases} END"


def value_sql(plain_login: str) -> str:
    """`classify(...).value` as a DuckDB expression over a column that holds `plain` text."""
    cases = " ".join(
        f"WHEN regexp_matches({plain_login}, '{pattern}', 's') "
        f"THEN regexp_extract({plain_login}, '{pattern}', 1, 's')"
        for pattern, _ in _TABLE
    )
    return f"CASE {cases} END"
