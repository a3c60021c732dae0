"""Random small tenants with every trap in them, and their readable description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.semantics.brute_force import is_private_group_site
from tests.semantics.small_tenant import GROUP_KINDS, SPECIALS, Principal, Securable, Site, Tenant

T = TypeVar("T")

USERS = (
    ("active", "Member"), ("active", "Member"), ("active", "Guest"), ("blocked", "Member"),
    ("invited", "Guest"), ("deleted", "Member"), ("soft_deleted", "Member"), ("id_mismatch", "Member"),
    ("active", "B2B direct"), ("unresolved", "Member"),
)  # fmt: skip
GROUPS = (
    "security_group", "m365_group", "mail_security_group", "distribution_group",
    "directory_role", "external_group",
)  # fmt: skip
GROUP_STATUSES = ("active", "active", "active", "active", "soft_deleted", "deleted", "unresolved")
SITES: tuple[tuple[str, dict[str, str]], ...] = (
    ("SharePoint Online", {}),
    ("Microsoft 365 Group", {"privacy": "Private"}),
    ("Microsoft 365 Group", {"privacy": "Public"}),
    ("Microsoft 365 Group", {"privacy": ""}),  # the source may not tell it
    ("Microsoft Teams", {"privacy": "Private"}),
    ("Microsoft Teams", {"channel": "Deals"}),
    ("OneDrive", {}),
    ("SharePoint Online", {"state": "Deleted"}),
    ("SharePoint Online", {"state": "Read-only"}),
)
LEVELS = (
    "Full Control",
    "Edit",
    "Contribute",
    "Read",
    "View Only",
    "Limited Access",
    "Web-Only Limited Access",
)
CUSTOM = {"Site Auditors": 250, "Case Workers": 450}
CHILDREN = {
    "root": ("web", "library"), "web": ("web", "library"), "library": ("folder", "file"),
    "folder": ("folder", "file"), "file": (),
}  # fmt: skip
ADMINS_TOO = ("user", "security_group", "m365_group", "m365_owners", "directory_role", "distribution_group")


def _some(draw: DrawFn, of: Sequence[T], most: int) -> list[T]:
    if not of:
        return []
    return draw(st.lists(st.sampled_from(of), unique_by=id, max_size=most))


@st.composite
def tenants(draw: DrawFn) -> Tenant:
    """0-6 users, 0-6 groups of all kinds nested at will (cycles too), 1-3 sites with all that goes wrong."""
    t = Tenant()
    for name, rank in CUSTOM.items():
        t.level(name, rank)
    users = [t.user(f"User {n}", *draw(st.sampled_from(USERS))) for n in range(draw(st.integers(0, 6)))]
    groups = [_group(draw, t, n) for n in range(draw(st.integers(0, 6)))]
    for group in groups:
        if group.kind != "external_group":  # another tenant's: nobody lists its members
            group.members = _some(draw, [*users, *groups], 4)
        if group.kind in ("m365_group", "security_group"):
            group.owners = _some(draw, users, 2)
    claims = [t.owners_of(g) for g in groups if g.kind == "m365_group"]
    unknown = [t.unknown("Gone", "c:0t.c|tenant|00000000-0000-4000-8000-00000000dead")]
    for n in range(draw(st.integers(1, 3))):
        _site(draw, t, n, [*users, *groups, *claims, *SPECIALS.values(), *unknown])
    return t


def _group(draw: DrawFn, t: Tenant, n: int) -> Principal:
    kind = draw(st.sampled_from(GROUPS))
    own = kind in GROUP_KINDS  # roles are never deleted, and of other tenants' groups we would not know
    status = draw(st.sampled_from(GROUP_STATUSES if own else ("active", "unresolved")))
    return t.group(f"Group {n}", kind=kind, status=status, external=kind == "external_group")


def _site(draw: DrawFn, t: Tenant, n: int, anyone: list[Principal]) -> None:
    module, more = draw(st.sampled_from(SITES))
    connected = [p for p in anyone if p.kind == "m365_group"]
    site = t.site(f"Site {n}", module, **more)
    if "privacy" in more and connected:
        site.group = draw(st.sampled_from(connected))
    for k in range(draw(st.integers(0, 4))):
        parent = draw(st.sampled_from([o for o in site.securables if CHILDREN[o.kind]]))
        parent._child(draw(st.sampled_from(CHILDREN[parent.kind])), f"object {k}")
    here = [
        t.sp_group(site, name, _some(draw, anyone, 4))
        for name in ("Members", "Limited Access System Group For Web 1", "SLinkClaim.4711")[
            : draw(st.integers(0, 3))
        ]
    ]
    if is_private_group_site(site) and draw(st.booleans()):  # what has no effect also inside a group (3.7)
        here.append(t.sp_group(site, "Visitors", [SPECIALS["eeeu"], *_some(draw, anyone, 1)]))
        t.grant(site.root, here[-1], "Read")
    everyone_claims = [SPECIALS["everyone"], SPECIALS["all_windows"]]
    site.admins = _some(draw, [p for p in anyone if p.kind in ADMINS_TOO] + everyone_claims, 2)
    _grants(draw, t, site, anyone + here)
    for _ in range(draw(st.integers(0, 2))):
        _link(draw, t, draw(st.sampled_from(site.securables)), anyone)


def _grants(draw: DrawFn, t: Tenant, site: Site, anyone: list[Principal]) -> None:
    levels = (*LEVELS, *CUSTOM)
    wanted = st.tuples(st.sampled_from(site.securables), st.sampled_from(anyone), st.sampled_from(levels))
    entries = draw(st.lists(wanted, max_size=6, unique_by=lambda e: (id(e[0]), id(e[1]), e[2])))
    for on, principal, level in entries:
        t.grant(on, principal, level)


def _link(draw: DrawFn, t: Tenant, on: Securable, anyone: list[Principal]) -> None:
    scope = draw(st.sampled_from(("specific", "organization", "anyone", "existing")))
    kinds = ("user", "security_group", "m365_group", "external_group") if scope == "specific" else ("user",)
    invitees = [p for p in anyone if p.kind in kinds and (scope == "specific" or not p.external)]
    chosen = _some(draw, invitees, 3)
    split = draw(st.integers(0, len(chosen)))
    t.link(
        on, scope, chosen[:split], chosen[split:],
        draw(st.sampled_from(("View", "Edit", "Review"))),
        expired=draw(st.booleans()) and draw(st.booleans()),
        orphan=draw(st.booleans()) and draw(st.booleans()),
    )  # fmt: skip


class Drawn:
    """A random tenant that prints itself line by line when Hypothesis shows it."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def __repr__(self) -> str:
        return describe(self.tenant)


@st.composite
def drawn(draw: DrawFn) -> Drawn:
    return Drawn(draw(tenants()))


def describe(t: Tenant) -> str:
    """The tenant line by line, so that a counterexample can be read and retyped."""
    lines = []
    for p in t.principals:
        line = f"{p!r} {p.status}" + (f" {p.user_type}" if p.kind == "user" else "")
        line += f" members={p.members}" if p.members else ""
        line += f" owners={p.owners}" if p.owners else ""
        if p.link:
            ended = " expired" if p.link.expires_at else ""
            line += f" {p.link.scope}{ended} on {p.link.on!r} invites={p.link.invites}"
        lines.append(line)
    for site in t.sites:
        lines.append(f"{site!r} {site.module} {site.state} {site.privacy or ''} group={site.group}")
        lines += [f"   administrator {p!r}" for p in site.admins]
        for o in site.securables:
            inside = f" in {o.parent!r}" if o.parent else ""
            lines.append(f"   {o!r}{inside} {'own list' if o.own_acl else 'inherits'}")
            lines += [f"      {p!r}: {level}" for p, level in o.entries]
    return "\n".join(lines)
