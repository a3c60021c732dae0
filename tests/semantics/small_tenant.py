"""A tiny tenant in a test's own words: `anna = t.user("Anna"); t.grant(site.root, anna, "Edit")`.

These objects are what a test says; `semantics.reports` turns them into a real snapshot, and
`semantics.brute_force` reads them directly. They hold no knowledge of who can reach what.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

AS_OF = datetime(2026, 6, 1, 12, 0, 0)  # noqa: DTZ001 - snapshots hold UTC without zone
TENANT_ID = "7e57ab1e-0000-4000-8000-000000000001"
GROUP_KINDS = ("security_group", "mail_security_group", "m365_group", "distribution_group")

_NAMESPACE = uuid.UUID(TENANT_ID)
_SPECIALS = {
    "everyone": ("Everyone", "c:0(.s|true"),
    "eeeu": ("Everyone except external users", f"c:0-.f|rolemanager|spo-grid-all-users/{TENANT_ID}"),
    "all_windows": ("All Users (windows)", "c:0!.s|windows"),
    "all_membership": ("All Users (membership)", "c:0!.s|forms:membership"),
}
_CLAIMS = {
    "security_group": "c:0t.c|tenant|{}",
    "mail_security_group": "c:0t.c|tenant|{}",
    "distribution_group": "c:0t.c|tenant|{}",
    "directory_role": "c:0t.c|tenant|{}",
    "external_group": "c:0t.c|tenant|{}",
    "m365_group": "c:0o.c|federateddirectoryclaimprovider|{}",
    "m365_owners": "c:0o.c|federateddirectoryclaimprovider|{}_o",
}
_FOLDER_OF = {"OneDrive": "personal"}


@dataclass(eq=False)
class Principal:
    """Somebody or something an access list can name; kinds and statuses are those of schema.sql."""

    kind: str
    name: str
    home: Tenant | None = None
    number: int = 0
    status: str = "active"
    user_type: str | None = None
    external: bool = False
    raw_login: str | None = None
    members: list[Principal] = field(default_factory=list)
    owners: list[Principal] = field(default_factory=list)
    of_group: Principal | None = None
    site: Site | None = None
    link: Link | None = None
    reported_users: int | None = None

    def __repr__(self) -> str:
        return f"{self.kind} {self.title!r}"

    @property
    def title(self) -> str:
        """The name as the source spells it; a link's hidden group has a made-up one (3.8)."""
        if self.link is None:
            return self.name
        item = uuid.uuid5(_NAMESPACE, self.link.on.url)
        share = uuid.uuid5(_NAMESPACE, f"{self.label}/share/{self.number}")
        return f"SharingLinks.{item}.{self.link.kind}.{share}"

    @property
    def label(self) -> str:
        return self.home.label if self.home else ""

    @property
    def entra_id(self) -> str | None:
        if self.kind in ("user", *GROUP_KINDS, "directory_role", "external_group"):
            return str(uuid.uuid5(_NAMESPACE, f"{self.label}/{self.kind}/{self.number}"))
        return None

    @property
    def upn(self) -> str | None:
        if self.kind != "user":
            return None
        plain = f"{self.name.casefold().replace(' ', '.')}{self.label}"
        if self.external:
            return f"{plain}_fabrikam.com#ext#@contoso.onmicrosoft.com"
        return f"{plain}@contoso.com"

    @property
    def login(self) -> str:
        if self.raw_login is not None:
            return self.raw_login
        if self.kind == "user":
            return f"i:0#.f|membership|{self.upn}"
        if self.kind == "m365_owners" and self.of_group is not None:
            return _CLAIMS[self.kind].format(self.of_group.entra_id)
        return _CLAIMS[self.kind].format(self.entra_id) if self.kind in _CLAIMS else self.title


SPECIALS = {
    kind: Principal(kind, name, raw_login=login, number=n)
    for n, (kind, (name, login)) in enumerate(_SPECIALS.items())
}
"""The four special principals: one object each, shared by all small tenants."""


@dataclass(eq=False)
class Link:
    """What is known about a sharing link; `invites` pairs each invitee with "has redeemed it"."""

    scope: str
    permission: str
    on: Securable
    kind: str = "Flexible"
    expires_at: datetime | None = None
    block_download: bool = False
    password: bool = False
    invites: list[tuple[Principal, bool]] = field(default_factory=list)


@dataclass(eq=False)
class Securable:
    """A web, list, library, folder or file; it owns its access list once something is granted on it."""

    site: Site
    parent: Securable | None
    kind: str
    name: str
    own_acl: bool = False
    entries: list[tuple[Principal, str]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"{self.kind} {self.name!r}"

    @property
    def url(self) -> str:
        return self.site.url if self.parent is None else f"{self.parent.url}/{self.name.replace(' ', '%20')}"

    def _child(self, kind: str, name: str) -> Securable:
        child = Securable(self.site, self, kind, name)
        self.site.securables.append(child)
        return child

    def subsite(self, name: str) -> Securable:
        return self._child("web", name)

    def library(self, name: str) -> Securable:
        return self._child("library", name)

    def list(self, name: str) -> Securable:
        return self._child("list", name)

    def folder(self, name: str) -> Securable:
        return self._child("folder", name)

    def file(self, name: str) -> Securable:
        return self._child("file", name)

    def unique(self) -> Securable:
        """Break inheritance: from here on it owns its (so far empty) access list."""
        self.own_acl = True
        return self


@dataclass(eq=False)
class Site:
    """A site collection; `root` is its root web. Words are those of schema.sql."""

    home: Tenant
    name: str
    module: str
    site_type: str
    state: str = "Active"
    privacy: str | None = None
    channel: str | None = None
    group: Principal | None = None
    securables: list[Securable] = field(default_factory=list)
    admins: list[Principal] = field(default_factory=list)
    associated: list[tuple[str, Principal]] = field(default_factory=list)
    roster: list[Principal] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"site {self.name!r}"

    @property
    def root(self) -> Securable:
        return self.securables[0]

    @property
    def url(self) -> str:
        host = "contoso-my" if self.module == "OneDrive" else "contoso"
        folder = _FOLDER_OF.get(self.module, "sites")
        slug = self.name.casefold().replace(" ", "-")
        return f"https://{host}.sharepoint.com/{folder}/{slug}{self.home.label}"


@dataclass(eq=False)
class Tenant:
    """All of one small tenant. `label` keeps several tenants apart inside one snapshot."""

    label: str = ""
    principals: list[Principal] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    custom_levels: dict[str, int] = field(default_factory=dict)

    def _add(self, kind: str, name: str, **more: object) -> Principal:
        made = Principal(kind, name, self, len(self.principals))
        for key, value in more.items():
            setattr(made, key, value)
        self.principals.append(made)
        return made

    def user(self, name: str, status: str = "active", user_type: str = "Member", **more: object) -> Principal:
        """A user; guests and B2B direct users are external unless `external` says otherwise."""
        more.setdefault("external", user_type != "Member")
        return self._add("user", name, status=status, user_type=user_type, **more)

    def group(
        self,
        name: str,
        members: list[Principal] | None = None,
        owners: list[Principal] | None = None,
        kind: str = "security_group",
        status: str = "active",
        **more: object,
    ) -> Principal:
        return self._add(
            kind, name, members=list(members or ()), owners=list(owners or ()), status=status, **more
        )

    def owners_of(self, group: Principal) -> Principal:
        """The owners claim `<guid>_o` of a Microsoft 365 group."""
        for known in self.principals:
            if known.of_group is group:
                return known
        return self._add("m365_owners", f"{group.name} Owners", of_group=group, status=group.status)

    def unknown(self, name: str, login: str, status: str = "deleted") -> Principal:
        """A login that names nobody the directory knows."""
        return self._add("unresolved", name, status=status, raw_login=login)

    def site(self, name: str, module: str = "SharePoint Online", **more: object) -> Site:
        """A site of a module; `group=` connects it, `channel=` makes it a channel's own site."""
        kind = {"OneDrive": "OneDrive", "SharePoint Online": "Communication"}.get(module, "Group-connected")
        if module == "Microsoft Teams":
            kind = "Private channel" if "channel" in more else "Team (standard)"
        made = Site(self, name, module, kind)
        for key, value in more.items():
            setattr(made, key, value)
        made.securables.append(Securable(made, None, "root", name, own_acl=True))
        self.sites.append(made)
        return made

    def sp_group(
        self, site: Site, name: str, members: list[Principal] | None = None, role: str | None = None
    ) -> Principal:
        """A SharePoint group of one site; `role` makes it the associated Owners, Members or Visitors."""
        made = self._add("sp_group", name, site=site, members=list(members or ()))
        if role:
            site.associated.append((role, made))
        return made

    def grant(self, on: Securable, principal: Principal, *levels: str) -> None:
        """Entries on the access list of `on`, which from now on is its own."""
        on.own_acl = True
        on.entries.extend((principal, level) for level in levels)

    def link(
        self,
        on: Securable,
        scope: str,
        invites: list[Principal] | None = None,
        redeemed: list[Principal] | None = None,
        permission: str = "View",
        *,
        expired: bool = False,
        orphan: bool = False,
        kind: str = "Flexible",
    ) -> Principal:
        """A sharing link on an object. `orphan`: its hidden group is left without an access list entry."""
        facts = Link(scope, permission, on, kind, AS_OF - timedelta(days=9) if expired else None)
        facts.invites += [(p, False) for p in invites or ()] + [(p, True) for p in redeemed or ()]
        made = self._add("link", "", site=on.site, link=facts)
        on.own_acl = True
        if not orphan:
            level = {"View": "Read", "Edit": "Contribute", "Review": "Review"}[permission]
            self.grant(on, made, level)
        return made

    def admin(self, site: Site, principal: Principal) -> None:
        site.admins.append(principal)

    def level(self, name: str, rank: int) -> str:
        """A custom permission level of this tenant with the rank its base permissions give it."""
        self.custom_levels[name] = rank
        return name


def special(kind: str) -> Principal:
    """everyone | eeeu | all_windows | all_membership."""
    return SPECIALS[kind]


EEEU = SPECIALS["eeeu"]
EVERYONE = SPECIALS["everyone"]
