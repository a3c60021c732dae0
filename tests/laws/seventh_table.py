"""One more usage report, as a stranger to the house would add it: this module, and one line in the catalog.

It lists the groups of one kind, or those made since a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from waybill.errors import BadRequest
from waybill.export import (
    Access,
    Batches,
    Column,
    Export,
    Facts,
    Family,
    Field,
    Kind,
    Received,
    Sql,
    Table,
    Where,
)

KINDS = {"Unified": "m365_group", "Security": "security_group"}
_KIND = Field("kind", "kind", "Unified or Security.", Where.CALL, choices=tuple(KINDS), quoted=True)
_SINCE = Field("since", "since", "Only groups made on this day or later, YYYY-MM-DD.", Where.CALL)
_COLUMNS = (
    Column("Group Name"),
    Column("Group Id"),
    Column("Direct Members", Kind.INT),
    Column("Created", Kind.DATE),
    Column("Sign-in Name"),
)
GROUPS = Sql(
    "SELECT name, entra_id, (SELECT count(*) FROM member m WHERE m.container = p.id), created_at::DATE, email "
    "FROM principal p WHERE kind = coalesce($kind, kind) AND kind IN ('m365_group', 'security_group') "
    "AND ($since IS NULL OR created_at >= $since) ORDER BY name, entra_id"
)


@dataclass(frozen=True, slots=True)
class GroupListRequest:
    """A kind of group in the snapshot's words, or a day; the other is None."""

    kind: str | None
    since: date | None


def read(received: Received) -> GroupListRequest:
    kinds, days = received.get(_KIND.wire, ()), received.get(_SINCE.wire, ())
    if len(kinds) + len(days) != 1:
        raise BadRequest("The report takes exactly one of kind and since.")
    if days:
        return GroupListRequest(None, date.fromisoformat(days[0]))
    if kinds[0] not in KINDS:
        raise BadRequest(f"Invalid kind value specified: {kinds[0]}.", "Use Unified or Security.", _KIND.wire)
    return GroupListRequest(KINDS[kinds[0]], None)


def report(request: GroupListRequest, facts: Facts) -> Table:
    def rows() -> Batches:
        return facts.rows(GROUPS, _COLUMNS, kind=request.kind, since=request.since)

    return Table(
        entity="groupListDetail",
        columns=_COLUMNS,
        members=("groupName", "groupId", "directMembers", "created", "signInName"),
        rows=rows,
        json_only=frozenset({"Sign-in Name"}),
        names=frozenset({"Group Name", "Sign-in Name"}),
        ids=frozenset({"Group Id"}),
        gaps=("Groups that were deleted are not told.",),
    )


EXPORT = Export(
    name="group-list",
    title="Group list report",
    description="Each group with its direct members. Deleted ones are missing.",
    family=Family.GRAPH_REPORT,
    path="/reports/getGroupListDetail",
    file_stem="GroupListDetail",
    fields=(_KIND, _SINCE),
    read=read,
    admit=lambda _request, _facts: None,
    report=report,
    sample=lambda _facts: {_KIND.wire: ("Unified",)},
    versions=("v1.0", "beta"),
    access=Access(("Reports.Read.All",), ("Reports.Read.All",), frozenset()),
)
