"""One more export of a person's data, as a stranger to the house would add it: this module, and one line in the catalog.

It delivers the names of the groups that a user is directly in, and a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from waybill.errors import NotFound
from waybill.export import (
    AboutLine,
    Access,
    Bundle,
    Content,
    Export,
    Facts,
    Family,
    Field,
    Gap,
    Received,
    Records,
    Sql,
    Where,
)
from waybill.exports.person_request import PersonRequest, read_person

_ID = Field("id", "member", "Object id of a user.", Where.PATH, required=True)
NOTE = b"Groups, not what they are for.\n"
GROUPS = Sql(
    "SELECT g.name FROM member m JOIN principal g ON g.id = m.container JOIN principal p ON p.id = m.member "
    "WHERE p.entra_id = $user AND g.entra_id IS NOT NULL ORDER BY g.name, g.id"
)
_FOUND = Sql("SELECT name FROM principal WHERE entra_id = $user AND kind = 'user'")
_SAMPLE = Sql(
    "SELECT p.entra_id FROM principal p JOIN member m ON m.member = p.id JOIN principal g ON g.id = m.container "
    "WHERE p.kind = 'user' AND p.entra_id IS NOT NULL AND g.entra_id IS NOT NULL ORDER BY p.id LIMIT 1"
)


def read(received: Received) -> PersonRequest:
    return read_person(received, _ID.wire, names=False)


def _name(request: PersonRequest, facts: Facts) -> str:
    found = facts.table(_FOUND, user=request.guid)
    if not found:
        raise NotFound("There is no such user in this tenant.")
    return str(found[0][0])


def admit(request: PersonRequest, facts: Facts) -> None:
    _name(request, facts)


def subject(request: PersonRequest, facts: Facts) -> str:
    _name(request, facts)
    return str(request.guid)


def report(request: PersonRequest, facts: Facts) -> Bundle:
    def rows() -> Iterator[tuple[datetime, Mapping[str, Any]]]:
        for (name,) in facts.table(GROUPS, user=request.guid):
            yield facts.as_of, {"group": name}

    def parts() -> Iterator[Records | Content]:
        yield Records("70/Groups.json", "Groups", "Groups", "the snapshot", rows)
        yield Content("70/note.txt", "Groups", "A note", "this export", len(NOTE), lambda: iter([NOTE]))

    return Bundle(
        subject=str(request.guid),
        display_name=_name(request, facts),
        expected=2,
        parts=parts,
        gaps=lambda: iter([Gap("70/Purposes.json", "Nobody says what a group is for.")]),
        about=lambda: (AboutLine("Request", "Export", EXPORT.title),),
    )


EXPORT = Export(
    name="person-groups",
    title="Groups of a person",
    description="The groups that a user is directly in.",
    family=Family.GRAPH_OPERATION,
    path="/users/{id}/exportGroupList",
    file_stem="GroupList",
    fields=(_ID,),
    read=read,
    admit=admit,
    report=report,
    sample=lambda facts: {_ID.wire: (str(facts.table(_SAMPLE)[0][0]),)},
    scope="User.Export.All",
    versions=("beta",),
    access=Access(("User.Export.All",), ("User.Export.All",), frozenset()),
    subject=subject,
    accepted_body=True,
)
