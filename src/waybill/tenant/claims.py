"""What a login name says about its principal: one anchored table of claim forms (insights.md 3.5, 1.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A login name, read. `kind` is a principal kind of schema.sql, or

    'entra_group_or_role' (only the directory can tell), 'role_sid' (old directory-role SID claim).
    `value` is the GUID, UPN or mail the claim carries, lower-case; '' for everyone-type claims.
    """

    kind: str
    value: str = ""
    external: bool = False


_FORMS: tuple[tuple[re.Pattern[str], str, bool], ...] = tuple(
    (re.compile(pattern), kind, external)
    for pattern, kind, external in (
        # The vendor's pages lost the last letter of "true" in 2025: both spellings are Everyone.
        (r"c:0\(\.s\|tru(?:e)?", "everyone", False),
        # The GUID behind the slash is not always the tenant's own.
        (r"c:0-\.f\|rolemanager\|spo-grid-all-users(?:/.*)?", "eeeu", False),
        (r"c:0!\.s\|windows", "all_windows", False),
        (r"c:0!\.s\|forms:membership", "all_membership", False),
        # `_o` (letter o) is the owners of the group and nobody else; `_0` is no such thing.
        (rf"c:0o\.c\|federateddirectoryclaimprovider\|({GUID})_o", "m365_owners", False),
        (rf"c:0o\.c\|federateddirectoryclaimprovider\|({GUID})", "m365_group", False),
        (rf"c:0[tu]\.c\|tenant\|({GUID})", "entra_group_or_role", False),
        (r"c:0-\.f\|rolemanager\|(s-1-5-[0-9-]+)", "role_sid", False),
        (r"i:0#\.f\|membership\|urn:spo:guest#(.+)", "user", True),
        (r"i:0#\.f\|membership\|(.+#ext#.*)", "user", True),
        (r"i:0#\.f\|membership\|(.+)", "user", False),
        (rf"sharinglinks\.{GUID}\.[a-z]+\.({GUID})", "link", False),
    )
)

SPECIAL_KINDS = ("everyone", "eeeu", "all_windows", "all_membership")
"""The four special groups, in the order reports list them."""


def canonical(text: str) -> str:
    """A login name as compared: decoded until stable (at most 3 times), trimmed, case folded.

    Safe, because no principal id holds a genuine percent sign (insights.md 1.5 rule 2).
    """
    current = text.strip()
    for _ in range(3):
        decoded = unquote(current)
        if decoded == current:
            break
        current = decoded
    return current.strip().casefold()


def read_claim(login: str) -> Claim | None:
    """The claim a login name is, or None if it has no known form."""
    text = canonical(login)
    for pattern, kind, external in _FORMS:
        if found := pattern.fullmatch(text):
            return Claim(kind, found.group(1) if pattern.groups else "", external)
    return None


def special_kind(login: str) -> str | None:
    """The kind of an everyone-type claim, else None."""
    claim = read_claim(login)
    return claim.kind if claim is not None and claim.kind in SPECIAL_KINDS else None


def guest_mail(upn: str) -> str:
    """The home address inside a B2B account name: `a_b.com#ext#@tenant` -> `a@b.com` (3.5).

    A directory mail address is better where one is known: an underscore may belong to the name.
    """
    local = upn.casefold().split("#ext#", 1)[0]
    name, _, domain = local.rpartition("_")
    return f"{name}@{domain}" if name else local
