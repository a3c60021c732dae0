"""Which person a personal-data request names: its field, its errors, and the account it resolves to.

Wire: graph.md 2.1, 2.3 (row 1) and 3. An object id names exactly one account, whatever its state:
what is held about a deleted account, or one that was made anew under another id, is asked for by that
id. A sign-in name means the account that has it now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from waybill.errors import BadRequest, NotFound
from waybill.export import Facts, Field, Received, Where

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
"""Role template ids (graph.md 1.5)."""

NOBODY = "00000000-0000-0000-0000-000000000000"

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SIGN_IN_NAME = re.compile(r"[^@\s\x00-\x1f\x7f/\\?]+@[^@\s\x00-\x1f\x7f/\\?#]+")
_LONGEST_NAME = 1024  # of a sign-in name: Entra allows 113 characters, other sources more


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """Who is asked for: by object id (lower case) or by sign-in name, the other is None."""

    given: str
    guid: str | None
    upn: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """The account found. `key` is its number inside the snapshot, `guid` its object id in lower case."""

    key: int
    guid: str
    name: str


def id_field(wire: str, words: str) -> Field:
    """The one field of these exports: a key in the path."""
    return Field(wire, "user", words, Where.PATH, required=True)


def read_person(received: Received, wire: str, *, names: bool) -> PersonRequest:
    """Reads an object id of any case or, if `names` are allowed, a sign-in name. Raises BadRequest in
    the words of graph.md 2.3, row 1."""
    values = received.get(wire, ())
    given = values[-1] if values else ""
    if _GUID.fullmatch(given.lower()):
        return PersonRequest(given, given.lower(), None)
    if names and len(given) <= _LONGEST_NAME and _SIGN_IN_NAME.fullmatch(given):
        return PersonRequest(given, None, given)
    raise BadRequest(f"The specified object-id: {given} in the request uri is an invalid Guid.", field=wire)


def find_person(request: PersonRequest, facts: Facts, *, inbound: bool) -> Person:
    """The account that is asked for; raises NotFound. `inbound`: profiles of B2B direct connect, which
    no other export of a person answers, nor the other way round."""
    rows = facts.table("person/find", guid=request.guid, upn=request.upn, inbound=inbound)
    if not rows:
        kind = "inbound shared user profile" if inbound else "user"
        raise NotFound(
            f"There is no such {kind} in this tenant.",
            "Name it by its object id; accounts of this directory and inbound profiles are asked for separately.",
        )
    key, guid, name = rows[0]
    return Person(int(key), str(guid).lower(), str(name))


def sample_person(wire: str, *, inbound: bool) -> Callable[[Facts], Mapping[str, tuple[str, ...]]]:
    """A sample for the catalog: an active account the snapshot tells much about."""

    def sample(facts: Facts) -> Mapping[str, tuple[str, ...]]:
        rows = facts.table("person/sample", inbound=inbound)
        return {wire: (str(rows[0][0]) if rows else NOBODY,)}

    return sample
