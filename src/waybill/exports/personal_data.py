"""The personal-data export: all that the tenant holds about one of its users, and their own files.

Wire: graph.md 2; contents: graph.md 8 and docs/personal-data.md.
"""

from __future__ import annotations

from waybill.export import Access, Bundle, Export, Facts, Family, Received
from waybill.exports.person_bundle import person_bundle
from waybill.exports.person_request import (
    GLOBAL_ADMINISTRATOR,
    PersonRequest,
    find_person,
    id_field,
    read_person,
    sample_person,
)

_ID = id_field("id", "Object id of a user of this directory, or the user principal name.")
_SCOPES = ("User.Export.All",)


def read(received: Received) -> PersonRequest:
    """Raises BadRequest for what is neither an object id nor a sign-in name (graph.md 2.3, row 1)."""
    return read_person(received, _ID.wire, names=True)


def admit(request: PersonRequest, facts: Facts) -> None:
    """Raises NotFound for a person this directory does not hold."""
    find_person(request, facts, inbound=False)


def subject(request: PersonRequest, facts: Facts) -> str:
    """The object id, in lower case, of the person asked for. Raises NotFound."""
    return find_person(request, facts, inbound=False).guid


def report(request: PersonRequest, facts: Facts) -> Bundle:
    return person_bundle(find_person(request, facts, inbound=False), facts, title=EXPORT.title, inbound=False)


EXPORT = Export(
    name="personal-data",
    title="Personal data export",
    description="All that the tenant holds about one user: profile, groups, what they can reach and why, sharing links, "
    "OneDrive with its files, and activity; JSON by product, delivered into an Azure Storage container.",
    family=Family.GRAPH_OPERATION,
    path="/users/{id}/exportPersonalData",
    file_stem="PersonalData",
    fields=(_ID,),
    read=read,
    admit=admit,
    report=report,
    sample=sample_person(_ID.wire, inbound=False),
    scope=_SCOPES[0],
    versions=("v1.0", "beta"),
    access=Access(_SCOPES, _SCOPES, frozenset({GLOBAL_ADMINISTRATOR})),
    subject=subject,
)
