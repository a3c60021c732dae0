"""What was known to lack when a person's files were loaded is told by each export of the person's data."""

from __future__ import annotations

from tests.semantics.person_reports import Tables, open_people
from tests.semantics.small_tenant import Tenant
from waybill.export import Gap


def test_what_could_not_be_loaded_is_named() -> None:
    """Each thing that could not be taken when a OneDrive was loaded is a gap, also where nothing else was there;
    those of other people's drives are not told."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")

    def lack(tables: Tables) -> None:
        for owner, path, reason in (
            (anna, "Docs/bad\\udcff.txt", "its name is not UTF-8"), (anna, "", "the folder cannot be read"),
            (bert, "pipe", "neither a file nor a folder"),
        ):  # fmt: skip
            tables.put("drive_problem", owner=tables.number[owner], path=path, reason=reason)

    with open_people(t, amend=lack) as people:
        found = people.of(anna)
    told = "When the OneDrive was loaded this could not be taken:"
    assert [gap for gap in found.gaps if gap.path.startswith("50/Files")] == [
        Gap("50/Files", f"{told} the folder cannot be read."),
        Gap("50/Files/Docs/bad\\udcff.txt", f"{told} its name is not UTF-8."),
    ]
