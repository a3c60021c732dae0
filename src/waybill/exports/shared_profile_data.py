"""The inbound-profile export: all that this tenant holds about a person of another one (B2B direct connect).

Wire: graph.md 3 and 5; contents: graph.md 8 and docs/personal-data.md.
"""

from __future__ import annotations

from waybill.export import Access, Bundle, Export, Facts, Family, Received
from waybill.exports.person_bundle import person_bundle
from waybill.exports.person_request import (
    GLOBAL_ADMINISTRATOR,
    GLOBAL_READER,
    PersonRequest,
    find_person,
    id_field,
    read_person,
    sample_person,
)

_ID = id_field("userId", "Object id of the person's inbound shared user profile.")
_SCOPES = ("CrossTenantUserProfileSharing.Read.All", "CrossTenantUserProfileSharing.ReadWrite.All")


def read(received: Received) -> PersonRequest:
    """Raises BadRequest for what is no object id (graph.md 2.3, row 1; 3)."""
    return read_person(received, _ID.wire, names=False)


def admit(request: PersonRequest, facts: Facts) -> None:
    """Raises NotFound for a profile this tenant does not hold."""
    find_person(request, facts, inbound=True)


def subject(request: PersonRequest, facts: Facts) -> str:
    """The object id, in lower case, of the person asked for. Raises NotFound."""
    return find_person(request, facts, inbound=True).guid


def report(request: PersonRequest, facts: Facts) -> Bundle:
    return person_bundle(find_person(request, facts, inbound=True), facts, title=EXPORT.title, inbound=True)


EXPORT = Export(
    name="shared-profile-data",
    title="Shared profile data export",
    description="All that this tenant holds about a person of another tenant who joins shared channels: profile, channels "
    "and sites they reach and why, sharing links, activity; JSON by product, delivered into an Azure Storage container.",
    family=Family.GRAPH_OPERATION,
    path="/directory/inboundSharedUserProfiles/{userId}/exportPersonalData",
    file_stem="SharedProfileData",
    fields=(_ID,),
    read=read,
    admit=admit,
    report=report,
    sample=sample_person(_ID.wire, inbound=True),
    scope=_SCOPES[0],
    versions=("beta",),
    access=Access(_SCOPES, _SCOPES, frozenset({GLOBAL_READER, GLOBAL_ADMINISTRATOR})),
    subject=subject,
    accepted_body=True,
)
