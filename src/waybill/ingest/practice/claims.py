"""Spell login names, addresses and GUIDs the way SharePoint Online spells them (insights.md 3.5)."""

from __future__ import annotations

import unicodedata
import uuid
from datetime import date, datetime

AS_OF = datetime(2026, 6, 1)  # noqa: DTZ001  (snapshots hold UTC without zone)
"""The moment every practice tenant shows; fixed, so that the same seed gives the same file."""
ACTIVITY_UNTIL = date(2026, 5, 30)
"""The last day whose activity is complete: two days before `AS_OF` (graph.md 6.4). A Saturday."""
ACTIVITY_DAYS = 180
"""Activity is generated for so many days that end with `ACTIVITY_UNTIL`."""

HOST = "https://contoso.sharepoint.com"
MY_HOST = "https://contoso-my.sharepoint.com"
DOMAIN = "contoso.com"
GUEST_DOMAIN = "contoso.onmicrosoft.com"

EVERYONE = "c:0(.s|true"
ALL_WINDOWS = "c:0!.s|windows"
ALL_MEMBERSHIP = "c:0!.s|forms:membership"

_NAMESPACE = uuid.UUID("6f0f7c3e-6f8d-5b0a-9a53-0c2d1f7b9e10")


def fixed_guid(label: str) -> str:
    """The GUID of a thing that is the same in every practice tenant, whatever its size and seed."""
    return str(uuid.uuid5(_NAMESPACE, label))


def user_login(upn: str) -> str:
    return f"i:0#.f|membership|{upn.lower()}"


def security_login(guid: str) -> str:
    return f"c:0t.c|tenant|{guid}"


def m365_login(guid: str) -> str:
    return f"c:0o.c|federateddirectoryclaimprovider|{guid}"


def owners_login(guid: str) -> str:
    return f"{m365_login(guid)}_o"


def eeeu_login(guid: str) -> str:
    """Everyone except external users. The suffix is mostly, not always, the tenant's id."""
    return f"c:0-.f|rolemanager|spo-grid-all-users/{guid}"


def link_login(item: str, kind: str, share: str) -> str:
    return f"SharingLinks.{item}.{kind}.{share}"


def upn(name: str) -> str:
    """`Anna Berg` -> `anna.berg@contoso.com`."""
    return f"{mail_name(name)}@{DOMAIN}"


def guest_upn(mail: str) -> str:
    """`ines@fabrikam.com` -> `ines_fabrikam.com#ext#@contoso.onmicrosoft.com`."""
    return f"{mail.replace('@', '_')}#ext#@{GUEST_DOMAIN}"


def mail_name(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(part for part in "".join(c if c.isalnum() else " " for c in plain).split())


def partner_tenant(domain: str) -> str:
    """The tenant id of a partner organisation, by its domain: the same GUID in every practice tenant."""
    return fixed_guid(f"tenant/{domain}")


def url_text(path: str) -> str:
    """A path as it stands in our URLs: what would break the address is encoded, other scripts stay readable."""
    return path.replace("%", "%25").replace("#", "%23").replace(" ", "%20")
