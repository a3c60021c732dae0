"""A shared access signature: its parts, what they allow, and words about why storage refuses it.

Storage answers 403 alike to everything, so what is wrong is told from the signature's own fields. The
signature itself is a secret: it is in `query` alone, and no `repr`, error or log shows that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

from waybill.errors import LocationFault, LocationRefused

# Microsoft's list of fields of a service SAS and a user delegation SAS. What is not a field of a SAS
# would be a parameter of the storage call itself (comp, restype, snapshot ...), which is ours to choose.
_FIELDS = (
    frozenset({"sv", "sr", "sig", "sp", "st", "se", "spr", "sip", "si", "sdd", "ses"})
    | frozenset({"skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "sduoid", "skdutid"})
    | frozenset({"rscc", "rscd", "rsce", "rscl", "rsct"})
)
_VALUE = re.compile(r"[\x20-\x7e]*")
_NAME = re.compile(r"[a-z]{1,12}")
CLOCK_SKEW = timedelta(minutes=5)
"""A time this close to ours is left for storage to judge: clocks differ."""
_TIME_FORMS = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Sas:
    """One service SAS. What a stored access policy (`policy`) decides is None here.

    query: percent-encoded, to be sent with every call. permissions: the letters of `sp`.
    resource: `sr`, "c" for a container. https_only: `spr` does not allow http.
    """

    query: str = field(repr=False)
    permissions: frozenset[str] | None = None
    starts: datetime | None = None
    expires: datetime | None = None
    https_only: bool = False
    resource: str = ""
    policy: bool = False

    def allows(self, letter: str) -> bool | None:
        """Whether the SAS grants this permission ("r", "w" ...); None if only storage knows."""
        return None if self.permissions is None else letter in self.permissions

    def why_refused(self, now: datetime, scheme: str, skew: timedelta = CLOCK_SKEW) -> str:
        """What in the SAS itself makes storage refuse a write at `now`, in words; empty if nothing does.

        skew: how far storage's clock may be from ours; times within it are taken as good.
        """
        if self.expires is not None and self.expires < now - skew:
            return f"The SAS expired at {self.expires:%Y-%m-%d %H:%M:%S} UTC."
        if self.starts is not None and self.starts > now + skew:
            return f"The SAS is not valid before {self.starts:%Y-%m-%d %H:%M:%S} UTC."
        if self.https_only and scheme != "https":
            return "The SAS is for https only."
        if self.resource != "c":
            return "The SAS is not one for a container (sr=c)."
        if self.allows("w") is False:
            return "The SAS does not have the write permission (w)."
        return ""


def check_service_sas(query: str) -> None:
    """Whether a URL's query holds a service SAS at all, whatever it says. Raises LocationRefused: NO_SAS,
    ACCOUNT_SAS (graph.md 2.3, rows 5 and 6)."""
    fields = {name: value for name, _, value in (part.partition("=") for part in query.split("&"))}
    if not fields.get("sig") or not fields.get("sv"):
        raise LocationRefused(
            LocationFault.NO_SAS,
            "The storage location carries no SAS.",
            "Add a service SAS for the container, with create, add and write, without read and list.",
        )
    if "ss" in fields:
        raise LocationRefused(
            LocationFault.ACCOUNT_SAS,
            "The storage location carries an account SAS.",
            "Make a service SAS for the container alone.",
        )


def read_sas(query: str) -> Sas:
    """The service SAS in a URL's query, for which `check_service_sas` has passed. Raises LocationRefused:
    INVALID (row 11)."""
    members = [_member(part) for part in query.split("&") if part]
    names = [name for name, _ in members]
    fields = dict(members)
    for name in names:
        if names.count(name) > 1:
            raise _invalid(f"The member {_shown(name)} comes twice.")
        if name not in _FIELDS:
            raise _invalid(f"The member {_shown(name)} is not part of a service SAS.")
    permissions = fields.get("sp")
    return Sas(
        query="&".join(f"{name}={quote(value, safe='')}" for name, value in members),
        permissions=None if permissions is None else frozenset(permissions),
        starts=_time(fields.get("st")),
        expires=_time(fields.get("se")),
        https_only="spr" in fields and "http" not in fields["spr"].split(","),
        resource=fields.get("sr", ""),
        policy="si" in fields,
    )


def _member(part: str) -> tuple[str, str]:
    """One `name=value`, decoded. A plus sign stands for itself: it is in signatures, blanks are not."""
    name, _, value = part.partition("=")
    if re.search("%(?![0-9A-Fa-f]{2})", value):
        raise _invalid("A member of its query is not percent-encoded as it should be.")
    decoded = unquote_to_bytes(value).decode("latin-1")
    if not _VALUE.fullmatch(decoded):
        raise _invalid("A member of its query holds characters that no SAS has.")
    return name, decoded


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    for form in _TIME_FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise _invalid("A time in its SAS is not one (YYYY-MM-DDThh:mm:ssZ).")


def _shown(name: str) -> str:
    """A member's name in an error: only if it can be nothing but a name."""
    return repr(name) if _NAME.fullmatch(name) else "with an unusual name"


def _invalid(why: str) -> LocationRefused:
    return LocationRefused(LocationFault.INVALID, f"The storage location is not valid. {why}")
