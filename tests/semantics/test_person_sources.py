"""What a person is told of the sources of their bundle: words, times, rows that may be theirs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

from tests.semantics.person_reports import Tables, bundle_of, open_people
from tests.semantics.small_tenant import AS_OF, Tenant
from waybill.exports import person_files
from waybill.exports.person_words import WORDINGS


def test_usage_rows_that_may_be_anybodys_are_gaps() -> None:
    """Rows of usage reports that hide, misname or garble whom they are about are a gap each, with their number,
    whether or not other rows name somebody."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")

    def load(tables: Tables, *, taken: int) -> None:
        for day, counts in ((1, (1, 2, 0)), (2, (1_000, 0, 3))):
            tables.put("usage_load", report="getTeamsUserActivityUserDetail", refresh_date=date(2026, 5, day),
                       period=7, taken=taken, concealed=counts[0], unmatched=counts[1], rejected=counts[2])  # fmt: skip
        if taken:
            tables.put("person_usage", principal=tables.number[bert], report="getTeamsUserActivityUserDetail",
                       refresh_date=date(2026, 5, 3), period=7, position=1, row_json="{}")  # fmt: skip

    for taken in (0, 1):
        with open_people(t, amend=partial(load, taken=taken)) as people:
            found = people.of(anna)
        reasons = found.reasons("60/UsageReports.json")
        assert [reason.partition(" ")[0] for reason in reasons] == ["1,001", "2", "3"]
        assert all("may concern this person" in reason for reason in reasons)
        assert found.records.get("60/UsageReports.json") == ([] if taken else None)


def test_files_loaded_later_say_so() -> None:
    """What was loaded apart from the snapshot has its own time: newer files, usage reports, activity by day."""
    t = Tenant()
    anna = t.user("Anna")

    def amend(tables: Tables) -> None:
        me = tables.number[anna]
        tables.put("drive_item", owner=me, path="a", kind="file", size=1, created_at=None, modified_by=None,
                   modified_at=AS_OF + timedelta(days=4), content="k:a")  # fmt: skip
        tables.put("person_usage", principal=me, report="r", refresh_date=date(2026, 5, 3), period=7, position=1,
                   row_json="{}")  # fmt: skip

    with open_people(t, amend=amend) as people, people.facts() as facts:
        times = {part.path: part.as_of for part in bundle_of(facts, anna).parts()}
    newest = (AS_OF + timedelta(days=4)).replace(tzinfo=UTC)
    assert times["50/Items.json"] == times["50/Files/a"] == newest
    assert times["60/UsageReports.json"] == datetime(2026, 5, 4, tzinfo=UTC)
    assert times["10/Profile.json"] is None


def test_every_file_and_member_has_words_for_people() -> None:
    """Each file says what it tells, each of its members has words, and main members are members."""
    for file in (*person_files.PERSON_FILES, person_files.INBOUND_PROFILE):
        wording = WORDINGS[file.path]
        names = {column.name for column in file.columns if column.name != "copy"}
        assert wording.tells.endswith(".")
        assert names <= wording.labels.keys(), file.path
        assert set(wording.main) <= names | {"file"}, file.path
    assert set(WORDINGS) == {file.path for file in person_files.PERSON_FILES}
