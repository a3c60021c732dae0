"""Read the fields that Insights exports share: languages, data sources, site URLs (insights.md 1.3, 1.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from waybill.errors import BadRequest
from waybill.export import Field, Language, Received

MODULES = ("Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group")
"""The four data sources, in report order."""

_MODULE_SPELLINGS = {
    "microsoft teams": "Microsoft Teams",
    "teams": "Microsoft Teams",
    "sharepoint online": "SharePoint Online",
    "sharepoint": "SharePoint Online",
    "onedrive": "OneDrive",
    "onedrive for business": "OneDrive",
    "microsoft 365 group": "Microsoft 365 Group",
    "microsoft 365 groups": "Microsoft 365 Group",
    "office 365 group": "Microsoft 365 Group",
}

SPECIAL_KINDS = ("everyone", "eeeu", "all_windows", "all_membership")
"""The four special groups (insights.md 1.5), in the order reports list them."""

MAX_SITES = 100
"""Site URLs per request (the vendor's SDK)."""

LANGUAGE_FIELD = Field(
    "language",
    "language",
    "Language of headings and fixed words; anything else gives en-US.",
    choices=tuple(language.value for language in Language),
)
SITE_FIELD = Field(
    "siteUrls", "site", f"Site collection URL; repeat it for more, at most {MAX_SITES}.", many=True
)


_ENCODED_URL = re.compile(r"\s*https?%3a%2f%2f", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SiteUrl:
    """A site URL as received and as compared: lower case, decoded, no trailing slash, query or fragment."""

    given: str
    key: str


def read_language(received: Received) -> tuple[Language, str]:
    """The language, and a note for About when the one asked for is not available."""
    asked = _last(received, LANGUAGE_FIELD.wire)
    for language in Language:
        if asked.casefold() == language.value.casefold():
            return language, ""
    if not asked:
        return Language.EN, ""
    return Language.EN, f"Language {asked!r} is not available; en-US was used."


def read_modules(received: Received, field: Field) -> tuple[str, ...]:
    """The data sources asked for, in report order, without repeats. Raises BadRequest."""
    found: set[str] = set()
    for value in received.get(field.wire, ()):
        for part in value.split(","):
            text = re.sub(r"[\s+_]+", " ", part).strip().casefold()
            if not text:
                continue
            if text not in _MODULE_SPELLINGS:
                raise BadRequest(
                    f"dataSources does not know {part.strip()!r}.",
                    f"Use one or more of: {', '.join(MODULES)}.",
                    field.wire,
                )
            found.add(_MODULE_SPELLINGS[text])
    if not found:
        raise BadRequest(
            "dataSources is required.", f"Name one or more of: {', '.join(MODULES)}.", field.wire
        )
    return tuple(module for module in MODULES if module in found)


def read_sites(received: Received) -> tuple[SiteUrl, ...]:
    """Site URLs in the order given, without repeats. Raises BadRequest for more than 100 or no URL at all."""
    found: dict[str, SiteUrl] = {}
    for sent in received.get(SITE_FIELD.wire, ()):
        # Clients that are handed an encoded URL encode it once more: the query's decoding leaves one behind.
        value = unquote(sent) if _ENCODED_URL.match(sent) else sent
        # Commas are legal inside SharePoint URLs: only one in front of a new URL separates.
        for part in re.split(r"[,;]\s*(?=https?://)", value, flags=re.IGNORECASE):
            if part.strip():
                site = _site(part.strip())
                found.setdefault(site.key, site)
    if len(found) > MAX_SITES:
        raise BadRequest(
            f"siteUrls holds {len(found)} URLs; at most {MAX_SITES} are allowed.",
            "Ask in several exports.",
            SITE_FIELD.wire,
        )
    return tuple(found.values())


def read_flag(received: Received, wire: str) -> bool:
    """An extension switch: true for `true`, `1`, `yes`; false when absent. Raises BadRequest."""
    text = _last(received, wire).casefold()
    if text in ("", "false", "0", "no"):
        return False
    if text in ("true", "1", "yes"):
        return True
    raise BadRequest(f"{wire} is true or false, not {text!r}.", "", wire)


def read_choice(received: Received, wire: str, allowed: tuple[int, ...]) -> int:
    """A required small integer. Raises BadRequest."""
    text = _last(received, wire)
    if not text:
        raise BadRequest(f"{wire} is required.", f"Use one of {', '.join(map(str, allowed))}.", wire)
    if not text.isascii() or not text.isdigit() or int(text) not in allowed:
        raise BadRequest(f"{wire} cannot be {text!r}.", f"Use one of {', '.join(map(str, allowed))}.", wire)
    return int(text)


def _last(received: Received, wire: str) -> str:
    values = received.get(wire, ())
    return values[-1].strip() if values else ""


def _site(text: str) -> SiteUrl:
    problem = BadRequest(
        f"siteUrls holds {text[:200]!r}, which is no site URL.",
        "Give absolute URLs such as https://contoso.sharepoint.com/sites/finance.",
        SITE_FIELD.wire,
    )
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise problem from None
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise problem
    # A client may have encoded the URL once more than its query string needs.
    path = unquote(parts.path).rstrip("/")
    return SiteUrl(text, f"{parts.scheme}://{host}{path}".lower())
