"""The oracle: who can reach what in a small tenant, by brute force and the words of insights.md 3.

Plain recursion over the test's own objects: no SQL, no closure table, nothing shared with the
product. Slow and obvious on purpose; if it disagrees with the product, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.semantics.small_tenant import GROUP_KINDS, SPECIALS, Principal, Securable, Site, Tenant

ADMINISTRATOR = "Site Collection Administrator"
ANYONE = "Anyone with the link"
STRENGTH = {
    ADMINISTRATOR: 1000, "Full Control": 900, "Manage Hierarchy": 800, "Design": 700, "Approve": 600,
    "Edit": 500, "Contribute": 400, "Review": 300, "Read": 200, "Restricted Read": 150,
    "Restricted View": 110, "View Only": 100,
}  # fmt: skip
LIMITED = ("Limited Access", "Web-Only Limited Access")
LINK_WORDS = {
    "organization": "People in your organization",
    "specific": "Specific people",
    "anyone": "Anyone",
}


@dataclass(frozen=True)
class Grant:
    """One thing that gives a right: an access list entry, or an administrator flag (on the root)."""

    on: Securable
    principal: Principal
    level: str

    @property
    def is_admin(self) -> bool:
        return self.level == ADMINISTRATOR


@dataclass(frozen=True)
class PersonRow:
    """What the People sheet must say about one person on one site."""

    site: str
    who: str
    permission: str
    scope: str
    objects: int
    paths: int
    link_only: bool
    status: str


@dataclass(frozen=True)
class GroupRow:
    """What Site Collections and Objects must say about one way a group gets one right."""

    site: str
    url: str
    permission: str
    through: str
    direct: bool
    applies_to: str
    users: int | None  # effective people reached; blank where nobody can know


def is_private_group_site(site: Site | None) -> bool:
    return site is not None and site.group is not None and site.privacy == "Private"


def is_live(p: Principal) -> bool:
    """Whether rights given to `p` are real and pass on to what is in it (3.4, 3.5, 3.6, 3.8, 3.11)."""
    if p.status in ("deleted", "soft_deleted", "id_mismatch") or p.kind in (
        "distribution_group",
        "unresolved",
    ):
        return False
    if p.kind == "m365_owners":
        return p.of_group is not None and is_live(p.of_group)
    if p.link is not None:
        return p.link.scope != "existing" and p.link.expires_at is None
    return not p.name.startswith("Limited Access System Group") and "SLinkClaim" not in p.name


def inside(p: Principal) -> set[Principal]:
    """Who is directly in `p`, as far as `p` gives them anything."""
    if not is_live(p):
        return set()
    if p.kind == "m365_owners":
        return set(p.of_group.owners) if p.of_group else set()
    if p.link is not None:
        by_name = {"specific": (True, False), "organization": (True,)}.get(p.link.scope, ())
        return {invitee for invitee, redeemed in p.link.invites if redeemed in by_name}
    barred = {SPECIALS["eeeu"]} if is_private_group_site(p.site) else set()
    return set(p.members) - barred


def all_below(p: Principal, seen: set[Principal] | None = None) -> set[Principal]:
    """`p` and everybody and everything that gets what `p` is given, users and special claims too."""
    seen = set() if seen is None else seen
    if p not in seen and is_live(p):
        seen.add(p)
        for member in inside(p):
            all_below(member, seen)
    return seen


def all_above(start: Principal, everybody: Sequence[Principal]) -> set[Principal]:
    """`start` and everything it is in, however deep."""
    return {p for p in everybody if start in all_below(p)}


def grants_of(site: Site) -> list[Grant]:
    """All that gives a right on a site: flags first, then entries, without those that give nothing."""
    if site.state == "Deleted":
        return []
    found = [Grant(site.root, p, ADMINISTRATOR) for p in site.admins if is_live(p)]
    for on in site.securables:
        for principal, level in on.entries:
            barred = principal.kind == "eeeu" and is_private_group_site(site)
            if level not in LIMITED and is_live(principal) and not barred:
                found.append(Grant(on, principal, level))
    return found


def is_person(p: Principal) -> bool:
    """Gets a row of its own on People: users, and special principals as one row each."""
    if p.kind in SPECIALS:
        return True
    return p.kind == "user" and p.status in ("active", "invited", "blocked", "unresolved")


def is_effective(p: Principal) -> bool:
    return p.kind == "user" and p.status in ("active", "invited", "unresolved")


def ways_to(grant: Grant) -> dict[Principal | str, int]:
    """Every person a grant reaches, with the number of direct memberships that lead there."""
    if grant.principal.link and grant.principal.link.scope == "anyone":
        return {ANYONE: 1}
    if is_person(grant.principal):
        return {grant.principal: 1}
    found: dict[Principal | str, int] = {}
    for container in all_below(grant.principal):
        for member in inside(container):
            if is_person(member):
                found[member] = found.get(member, 0) + 1
    return found


def strongest(levels: Sequence[str], strength: dict[str, int]) -> str:
    return max(levels, key=lambda level: strength[level])


def people(tenants: Sequence[Tenant]) -> dict[PersonRow, tuple[Principal | str, list[Grant]]]:
    """The People sheet of the site report over all sites; with each row who it is, and the grants behind."""
    found: dict[PersonRow, tuple[Principal | str, list[Grant]]] = {}
    for tenant in tenants:
        strength = STRENGTH | tenant.custom_levels
        for site in tenant.sites:
            reaching: dict[Principal | str, list[tuple[Grant, int]]] = {}
            for grant in grants_of(site):
                for who, ways in ways_to(grant).items():
                    reaching.setdefault(who, []).append((grant, ways))
            for who, held in reaching.items():
                found[_person(site, who, held, strength)] = (who, [grant for grant, _ in held])
    return found


def _person(
    site: Site, who: Principal | str, held: list[tuple[Grant, int]], strength: dict[str, int]
) -> PersonRow:
    grants = [grant for grant, _ in held]
    name, status = (who, "") if isinstance(who, str) else (who.upn or who.name, who.status if who.upn else "")
    return PersonRow(
        site=site.url,
        who=name,
        permission=strongest([g.level for g in grants], strength),
        scope="Entire site"
        if any(g.on is site.root and not g.principal.link for g in grants)
        else "Parts only",
        objects=len({g.on for g in grants}),
        paths=sum(ways for _, ways in held),
        link_only=all(g.principal.link for g in grants),
        status=status,
    )


def starts_of(group: Principal, everybody: Sequence[Principal]) -> Iterator[tuple[str, Principal]]:
    """Where a group's access begins: the group itself, and its owners claim apart from it (3.2, 3.5)."""
    yield "All members", group
    for p in everybody:
        if p.of_group is group:
            yield "Owners only", p


def _through(grant: Grant, start: Principal) -> str:
    p = grant.principal
    if grant.is_admin:
        return "Site administrator"
    if p.link is not None:
        return f"Sharing link: {LINK_WORDS[p.link.scope]}"
    if p.kind == "sp_group":
        return f"SharePoint group: {p.name}"
    if p is not start:
        return f"Nested group: {p.name}"
    own = {"m365_group": "Microsoft 365 group members", "m365_owners": "Microsoft 365 group owners"}
    return "Everyone claim" if p.kind in SPECIALS else own.get(p.kind, "Direct")


@dataclass(frozen=True)
class GroupAnswer:
    """What the group report must say about one group: its rows, and the figures of its summary."""

    everywhere: list[GroupRow]
    site_level: list[GroupRow]
    why: dict[GroupRow, list[tuple[Principal, Grant]]]  # where the way begins, and where it ends
    summary: dict[str, object]


def group_access(group: Principal, tenants: Sequence[Tenant], sources: Sequence[str]) -> GroupAnswer:
    """The group report for one group (Objects = `everywhere`, Site Collections = `site_level`)."""
    everybody = [*SPECIALS.values(), *(p for t in tenants for p in t.principals)]
    strength = dict(STRENGTH)
    hits: list[tuple[str, Principal, Grant]] = []
    for tenant in tenants:
        strength |= tenant.custom_levels
    all_grants = [g for t in tenants for site in t.sites if site.module in sources for g in grants_of(site)]
    for applies_to, start in starts_of(group, everybody):
        above = all_above(start, everybody)
        hits += [(applies_to, start, g) for g in all_grants if g.principal in above]
    on_site = [hit for hit in hits if hit[2].on.kind in ("root", "web")]
    why: dict[GroupRow, list[tuple[Principal, Grant]]] = {}
    for hit in hits:
        why.setdefault(_group_row(hit), []).append(hit[1:])
    return GroupAnswer(
        [_group_row(hit) for hit in hits],
        [_group_row(hit) for hit in on_site],
        why,
        _summary(group, hits, on_site, sources, strength),
    )


def _group_row(hit: tuple[str, Principal, Grant]) -> GroupRow:
    applies_to, start, grant = hit
    return GroupRow(
        site=grant.on.site.url,
        url=grant.on.url,
        permission=grant.level,
        through=_through(grant, start),
        direct=grant.principal is start,
        applies_to="Invited only" if grant.principal.link else applies_to,
        users=None if start.kind in SPECIALS else _size(_users(start)),
    )


def _users(group: Principal) -> set[Principal] | None:
    """The effective people in a group; None where somebody is in it whom nobody could list (3.6)."""
    below = all_below(group)
    if any((p.status == "unresolved" and p.kind != "user") or p.kind == "external_group" for p in below):
        return None
    return {u for container in below for u in inside(container) if is_effective(u)}


def _size(users: set[Principal] | None) -> int | None:
    return None if users is None else len(users)


def _summary(
    group: Principal,
    hits: Sequence[tuple[str, Principal, Grant]],
    on_site: Sequence[tuple[str, Principal, Grant]],
    sources: Sequence[str],
    strength: dict[str, int],
) -> dict[str, object]:
    sites = {grant.on.site for _, _, grant in on_site}
    grants = [grant for _, _, grant in hits]
    found: dict[str, object] = {
        "Site Collections with Access": len(sites),
        "Objects with Unique Access": len({g.on for g in grants if not g.is_admin}),
        "Site Admin On": len({g.on for g in grants if g.is_admin}),
        "Access via Sharing Links": len({g.principal for g in grants if g.principal.link}),
        "Highest Permission": strongest([g.level for g in grants], strength) if grants else None,
    }
    for module in ("Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group"):
        found[module] = sum(s.module == module for s in sites) if module in sources else None
    if group.kind in GROUP_KINDS and is_live(group):
        users, below = _users(group), all_below(group)
        found["Total Users"] = _size(users)
        found["External Member Count"] = _size(users and {u for u in users if u.external})
        nested = sum(p is not group and p.kind not in ("user", *SPECIALS) for p in below)
        found["Nested Groups"] = None if users is None else nested
    return found
