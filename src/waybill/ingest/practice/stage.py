"""Set a small scene row by row: people, groups, sites, places, grants. The trap set is written with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa

from waybill.ingest.practice import claims
from waybill.ingest.practice.claims import ACTIVITY_UNTIL, AS_OF, fixed_guid, url_text
from waybill.ingest.practice.tables import TABLES
from waybill.tenant.levels import CUSTOM_RANK, known_level

_Value = str | int | bool | datetime | date | None

LINK_LEVELS: Mapping[str, str] = {"View": "Read", "Edit": "Contribute", "Review": "Review"}
"""The permission level an entry of a link holds, by the link's own word (insights.md 3.8)."""

_CLAIM_NAMES = {
    "everyone": "Everyone",
    "eeeu": "Everyone except external users",
    "all_windows": "All Users (windows)",
    "all_membership": "All Users (membership)",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A securable: its number, its site's, its address."""

    id: int
    site: int
    url: str
    guid: str


@dataclass(frozen=True, slots=True)
class Site:
    """A site with what nearly every trap needs of it. Group numbers are -1 where the site has none."""

    id: int
    url: str
    root: Place
    library: Place
    owners: int
    members: int
    visitors: int


class Stage:
    """Collects rows for all base tables. Numbers start at 0, so the trap set has the same ones in every size."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self._rows: dict[str, list[dict[str, _Value]]] = {name: [] for name in TABLES}
        self._known: dict[str, int] = {}
        self._next_local: dict[int, int] = {}

    def tables(self) -> Mapping[str, pa.Table]:
        """All rows so far, by table name."""
        return {
            name: pa.Table.from_pylist(self._rows[name], schema=schema) for name, schema in TABLES.items()
        }

    def count(self, table: str) -> int:
        return len(self._rows[table])

    def texts(self, table: str, column: str) -> tuple[str, ...]:
        """All values of a text column, to keep generated ones apart from them."""
        return tuple(str(row[column]) for row in self._rows[table] if row.get(column) is not None)

    # -- principals ---------------------------------------------------------------------------

    def person(
        self, name: str, *, upn: str = "", user_type: str = "Member", external: bool = False,
        status: str = "active", login: str = "", email: str | None = "", guid: str | None = "",
    ) -> int:  # fmt: skip
        """A user; the same UPN again is the same user. Empty strings mean "derived from the name"."""
        upn = upn or claims.upn(name)
        key = f"user/{upn}"
        if key in self._known:
            return self._known[key]
        domain = (email or upn).rpartition("@")[2]
        home = claims.partner_tenant(domain) if external and guid is not None else None
        number = self._principal(
            "user", name, login or claims.user_login(upn), upn=upn, user_type=user_type, external=external,
            status=status, email=upn if email == "" else email, entra_id=fixed_guid(key) if guid == "" else guid,
            created_at=datetime(2022, 3, 7, 8, 19, 41), last_sign_in=AS_OF - timedelta(days=len(name)),  # noqa: DTZ001  (UTC without zone)
            home_tenant=home,
        )  # fmt: skip
        self._known[key] = number
        return number

    def guest(self, name: str, mail: str, *, status: str = "active") -> int:
        """A B2B guest with an account in the directory."""
        upn = claims.guest_upn(mail)
        return self.person(name, upn=upn, user_type="Guest", external=True, status=status, email=mail)

    def group(
        self, name: str, kind: str = "security_group", *, members: Sequence[int] = (), owners: Sequence[int] = (),
        status: str = "active", membership: str | None = "Assigned", reported_users: int | None = None,
    ) -> int:  # fmt: skip
        """A directory group; the same name again is the same group, with these members and owners added."""
        key = f"group/{name}"
        if key not in self._known:
            guid = group_id(name)
            mailed = kind in ("m365_group", "mail_security_group", "distribution_group")
            login = claims.m365_login(guid) if kind == "m365_group" else claims.security_login(guid)
            self._known[key] = self._principal(
                kind, name, login, entra_id=guid, status=status, membership=membership, external=kind == "external_group",
                email=f"{claims.mail_name(name)}@{claims.DOMAIN}" if mailed and claims.mail_name(name) else None,
                created_at=datetime(2023, 1, 9, 10, 0, 0), reported_users=reported_users,  # noqa: DTZ001  (UTC without zone)
            )  # fmt: skip
        number = self._known[key]
        self.put(number, *members)
        self._rows["owner"] += [{"grp": number, "principal": owner} for owner in owners]
        return number

    def owners_of(self, group: int) -> int:
        """The owners claim (`_o`) of a Microsoft 365 group."""
        key = f"owners/{group}"
        if key not in self._known:
            row = self._rows["principal"][group]
            self._known[key] = self._principal(
                "m365_owners", f"{row['name']} Owners", claims.owners_login(str(row["entra_id"])), of_group=group,
                email=row["email"],
            )  # fmt: skip
        return self._known[key]

    def everyone(self, kind: str = "eeeu", suffix: str = "") -> int:
        """An everyone-type claim. `suffix`: the GUID behind EEEU, the tenant's id if not given."""
        login = {
            "everyone": claims.EVERYONE, "all_windows": claims.ALL_WINDOWS, "all_membership": claims.ALL_MEMBERSHIP,
            "eeeu": claims.eeeu_login(suffix or self.tenant),
        }[kind]  # fmt: skip
        if login not in self._known:
            self._known[login] = self._principal(kind, _CLAIM_NAMES[kind], login)
        return self._known[login]

    def put(self, container: int, *members: int) -> None:
        """Make these principals direct members."""
        self._rows["member"] += [{"container": container, "member": member} for member in members]

    def sp_group(self, site: Site | int, name: str, *members: int) -> int:
        """A SharePoint group of one site. It grants nothing until it is granted."""
        where = site if isinstance(site, int) else site.id
        number = self._principal("sp_group", name, name, site=where, sp_id=self._local(where))
        self.put(number, *members)
        return number

    def odd(
        self, kind: str, name: str, login: str, *, status: str = "active", guid: str | None = None,
        upn: str | None = None, user_type: str | None = None,
    ) -> int:  # fmt: skip
        """A principal of a rare kind: directory role, application, a claim nothing resolves, an outdated id."""
        return self._principal(
            kind, name, login, status=status, entra_id=guid, upn=upn, email=upn, user_type=user_type
        )

    # -- places -------------------------------------------------------------------------------

    def site(
        self, path: str, title: str, *, site_type: str = "Communication", group: int | None = None,
        privacy: str | None = None, state: str = "Active", channel: str | None = None, primary: int | None = None,
        label: str | None = None,
    ) -> Site:  # fmt: skip
        """A site with a library and, but for OneDrive, its three groups; connected to `group` if given."""
        number = self.count("site")
        onedrive, channelled = site_type == "OneDrive", channel is not None
        url = url_text(f"{claims.MY_HOST if onedrive else claims.HOST}/{path}")
        module = {"Communication": "SharePoint Online", "Classic": "SharePoint Online", "OneDrive": "OneDrive",
                  "Group-connected": "Microsoft 365 Group"}.get(site_type, "Microsoft Teams")  # fmt: skip
        template = {"Communication": "SITEPAGEPUBLISHING", "Classic": "STS", "OneDrive": "SPSPERS"}.get(
            site_type, "TEAMCHANNEL" if channelled else "GROUP"
        )
        self._add(
            "site", id=number, guid=fixed_guid(f"site/{path}"), url=url, title=title, template=template,
            module=module, site_type=site_type, channel_name=channel, privacy=privacy, label=label, grp=group,
            external_sharing="ExternalUserSharingOnly", state=state, scanned_at=AS_OF,
        )  # fmt: skip
        root = self._securable(number, None, "root", title, url, True)
        library = self.place(root, "library", "Documents", segment="Shared Documents")
        owners = members = visitors = -1
        if not onedrive:
            owners, visitors, members = (
                self.sp_group(number, f"{title} {role}") for role in ("Owners", "Visitors", "Members")
            )
            for role, sp_group, level in (
                ("Owners", owners, "Full Control"), ("Members", members, "Edit"), ("Visitors", visitors, "Read"),
            ):  # fmt: skip
                self._add("associated", site=number, role=role, principal=sp_group)
                self.grant(root, sp_group, level)
        made = Site(number, url, root, library, owners, members, visitors)
        if group is not None:
            claim = self.owners_of(group)
            self.put(owners, claim)
            self.put(members, group)
            self.admin(made, claim, primary=True)
        elif primary is not None:
            self.admin(made, primary, primary=True)
            if onedrive:
                self.grant(root, primary, "Full Control")
        return made

    def place(
        self, parent: Place, kind: str, name: str, *, copied: bool = False, segment: str = "",
        label: str | None = None, sensitivity: str | None = None, data_type: str | None = None,
    ) -> Place:  # fmt: skip
        """A securable below `parent`. `copied`: it stopped inheriting, with a copy of the parent's entries."""
        url = f"{parent.url}/{url_text(segment or name)}"
        made = self._securable(parent.site, parent.id, kind, name, url, copied, label, sensitivity, data_type)
        if copied:
            source = self._scope(parent.id)
            for entry in [row for row in self._rows["acl"] if row["securable"] == source]:
                # Hidden link groups stay with the object they were made for.
                if self._rows["principal"][int(str(entry["principal"]))]["kind"] != "link":
                    self._add("acl", **{**entry, "securable": made.id})
        return made

    def bare(self, place: Place) -> None:
        """Take every entry off a place that owns its list."""
        self._rows["acl"] = [row for row in self._rows["acl"] if row["securable"] != place.id]

    def grant(self, place: Place, principal: int, level: str) -> None:
        """One access list entry. A level this Waybill does not know becomes a custom one."""
        self._add("acl", site=place.site, securable=place.id, principal=principal, level=self._level(level))

    def admin(self, site: Site, principal: int, *, primary: bool = False) -> None:
        self._add("site_admin", site=site.id, principal=principal, is_primary=primary)

    def roster(self, site: Site, *people: int) -> None:
        """Members of the channel this site belongs to."""
        self._rows["channel_member"] += [{"site": site.id, "principal": person} for person in people]

    def link(
        self, place: Place, scope: str, permission: str = "View", *, kind: str, invited: Sequence[int] = (),
        redeemed: Sequence[int] = (), expires: datetime | None = None, password: bool = False,
        block_download: bool = False, granted: bool = True, by: str = "Anna Berg",
    ) -> int:  # fmt: skip
        """A sharing link on a place that owns its list; `granted=False` leaves its group behind without entry."""
        share = fixed_guid(f"link/{place.url}/{kind}/{self.count('link')}")
        login = claims.link_login(place.guid, kind, share)
        number = self._principal("link", login, login, site=place.site, sp_id=self._local(place.site))
        self.person(by)
        self._add(
            "link", principal=number, site=place.site, securable=place.id, link_id=share, share_id=share,
            scope=scope, permission=permission, created_by=claims.upn(by), expires_at=expires, password=password,
            created_at=datetime(2026, 2, 11, 9, 30, 0), block_download=block_download,  # noqa: DTZ001  (UTC without zone)
        )  # fmt: skip
        for people, opened in ((invited, False), (redeemed, True)):
            self._rows["invite"] += [{"link": number, "principal": x, "redeemed": opened} for x in people]
        if granted:
            self.grant(place, number, "View Only" if block_download else LINK_LEVELS[permission])
        return number

    # -- activity -----------------------------------------------------------------------------

    def unified(
        self, name: str, *, visibility: str = "Private", deleted: int | None = None, members: Sequence[int] = (),
        owners: Sequence[int] = (),
    ) -> int:  # fmt: skip
        """A Microsoft 365 group whose activity is told here alone. `deleted`: so many days before the last day."""
        status = "active" if deleted is None else "soft_deleted" if deleted < 28 else "deleted"
        number = self.group(name, "m365_group", status=status, members=members, owners=owners)
        self._add(
            "unified_group", grp=number, visibility=visibility, mailbox_items=120, mailbox_bytes=7_340_032,
            site_files=40, site_bytes=52_428_800, deleted_on=None if deleted is None else _day(deleted),
        )  # fmt: skip
        return number

    def active(self, group: int, ago: int, *, files: Sequence[int] = (), **counts: int) -> None:
        """What happened in a group `ago` days before the last day; a count not given was not told."""
        if counts:
            self._add("group_day", grp=group, day=_day(ago), **counts)
        self._rows["group_file_day"] += [
            {"grp": group, "day": _day(ago), "file": loose_file(group, x)} for x in files
        ]

    def drive_item(
        self, owner: int, path: str, *, size: int | None = None, content: str | None = None,
    ) -> None:  # fmt: skip
        """A file of a person's OneDrive; a folder if no size is given."""
        number = self.count("drive_item")
        self._add(
            "drive_item", owner=owner, path=path, kind="folder" if size is None else "file", size=size,
            created_at=AS_OF - timedelta(days=200 + number), modified_at=AS_OF - timedelta(days=2 + number),
            modified_by=self._rows["principal"][owner]["upn"], content=content,
        )  # fmt: skip

    # -- rows ---------------------------------------------------------------------------------

    def _add(self, table: str, **row: _Value) -> None:
        self._rows[table].append(row)

    def _principal(self, kind: str, name: str, login: str, **more: _Value) -> int:
        number = self.count("principal")
        row: dict[str, _Value] = {"id": number, "kind": kind, "name": name, "login": login}
        self._add("principal", **{**row, "external": False, "status": "active", **more})
        return number

    def _securable(
        self, site: int, parent: int | None, kind: str, name: str, url: str, has_acl: bool,
        label: str | None = None, sensitivity: str | None = None, data_type: str | None = None,
    ) -> Place:  # fmt: skip
        guid = fixed_guid(f"{kind}/{url}")
        number = self.count("securable")
        self._add(
            "securable", id=number, site=site, parent=parent, kind=kind, name=name, url=url, has_acl=has_acl,
            guid=guid, modified_at=AS_OF - timedelta(days=1 + number), label=label, sensitivity=sensitivity,
            data_type=data_type,
        )  # fmt: skip
        return Place(number, site, url, guid)

    def _scope(self, securable: int) -> int:
        """The securable whose access list governs this one."""
        row = self._rows["securable"][securable]
        while not row["has_acl"]:
            row = self._rows["securable"][int(str(row["parent"]))]
        return int(str(row["id"]))

    def _local(self, site: int) -> int:
        """The next number of a group inside a site; SharePoint starts with 3."""
        self._next_local[site] = self._next_local.get(site, 2) + 1
        return self._next_local[site]

    def _level(self, name: str) -> int:
        known = known_level(name)
        if known is not None:
            return known.id
        key = f"level/{name}"
        if key not in self._known:
            self._known[key] = 100 + self.count("level")
            self._add("level", id=self._known[key], name=name, rank=CUSTOM_RANK, limited=False)
        return self._known[key]


def _day(ago: int) -> date:
    return ACTIVITY_UNTIL - timedelta(days=ago)


def loose_file(group: int, number: int) -> int:
    """The number, in `group_file_day`, of a file that is no securable here."""
    return (1 << 40) + group * 100_000 + number


def group_id(name: str) -> str:
    """The Entra id of a directory group of the trap set."""
    return fixed_guid(f"group/{name}")
