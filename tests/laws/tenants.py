"""Two practice tenants in one data folder, and requests that are as wide as their traps."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.laws import sixth_export
from tests.once import once
from waybill.app import House, open_house
from waybill.cli.tenant_commands import publish_practice
from waybill.export import Export, Facts, Family, Received, Sql
from waybill.exports import CATALOG
from waybill.exports.reading import LANGUAGE_FIELD, SITE_FIELD
from waybill.ingest.practice import TRAPS
from waybill.settings import Settings

WORKBOOKS = tuple(export for export in CATALOG if export.family is Family.INSIGHTS)
"""The exports that answer with a workbook."""
LAW_CATALOG = (*WORKBOOKS, sixth_export.EXPORT)
"""What the laws of workbooks that need no server process run over: the sixth export needs nothing but its line."""
GROUP_WIRE, SITE_WIRE, LANGUAGE_WIRE = "groupId", SITE_FIELD.wire, LANGUAGE_FIELD.wire
SPECIAL_GROUPS = (
    "c:0(.s|true",
    "c:0-.f|rolemanager|spo-grid-all-users",
    "c:0!.s|windows",
    "c:0!.s|forms%3amembership",
)
_MOST_SITES = 100


@dataclass(frozen=True, slots=True)
class Guest:
    """A tenant in the house and an application of it."""

    tenant: str
    snapshot: str
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Practice:
    """A data folder with practice tenants. `house` runs no jobs."""

    data: Path
    house: House
    guests: tuple[Guest, ...]

    def facts(self, guest: int = 0) -> AbstractContextManager[Facts]:
        return self.house.open_facts(self.guests[guest].tenant, self.guests[guest].snapshot)


SCOPES = tuple(sorted({export.scope for export in LAW_CATALOG}))


def furnish(data: Path, *seeds: int, size: str = "tiny") -> Practice:
    """Build and publish a practice tenant for each seed, with an application that may ask for everything."""
    house = open_house(Settings(data=data), catalog=LAW_CATALOG)
    guests = []
    for seed in seeds:
        made = publish_practice(house.registry, size, seed)
        app = house.identity.apps.create("laws", made.tenant, SCOPES)
        guests.append(Guest(made.tenant, made.id, app.client_id, app.client_secret))
    return Practice(data, house, tuple(guests))


def furnished(folders: pytest.TempPathFactory, name: str, *seeds: int, size: str = "tiny") -> Practice:
    """A copy of what `furnish` makes, which is made once for each name; its house is to be disposed of."""

    def build(folder: Path) -> None:
        made = furnish(folder / "data", *seeds, size=size)
        made.house.control.dispose()
        (folder / "guests.json").write_text(json.dumps([asdict(guest) for guest in made.guests]))

    made = once(folders, name, build)
    data = folders.mktemp(name) / "data"
    shutil.copytree(made / "data", data)
    guests = json.loads((made / "guests.json").read_text())
    house = open_house(Settings(data=data), catalog=LAW_CATALOG)
    return Practice(data, house, tuple(Guest(**guest) for guest in guests))


@contextmanager
def copied(original: Practice, data: Path) -> Iterator[Practice]:
    """The same in a data folder of its own, to be used or broken. The original must be at rest."""
    original.house.control.dispose()
    shutil.copytree(original.data, data)
    house = open_house(Settings(data=data), catalog=LAW_CATALOG)
    yield Practice(data, house, original.guests)
    house.control.dispose()


def sites_of(facts: Facts) -> tuple[str, ...]:
    """Every site URL of the tenant."""
    return tuple(str(row[0]) for row in facts.table(Sql("SELECT url FROM site ORDER BY url")))


def widened(export: Export, facts: Facts, sites: int = _MOST_SITES) -> Received:
    """The export's sample, stretched over so many sites and all groups of traps, with every switch on."""
    groups = sorted({group for trap in TRAPS for group in trap.groups})
    known = facts.table(
        Sql("SELECT entra_id FROM principal WHERE list_contains($groups, entra_id)"), groups=groups
    )
    wide: Mapping[str, tuple[str, ...]] = {
        SITE_WIRE: tuple(sorted({trap.site for trap in TRAPS}))[:sites],
        GROUP_WIRE: (",".join((*SPECIAL_GROUPS, *sorted({str(row[0]) for row in known}))),),
    }
    asked = dict(export.sample(facts))
    for field in export.fields:
        values = ("true",) if field.flag else wide.get(field.wire, ())
        if values:
            asked[field.wire] = values
    return asked
