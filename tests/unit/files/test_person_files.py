"""The files around a person's data: records as JSON, the manifest, and the page that people read."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest

from waybill.errors import WaybillError
from waybill.export import NO_WORDING, AboutLine, Gap, Wording
from waybill.files.index_page import write_index
from waybill.files.manifest import Contents, Empty, Entry, Origin, write_manifest
from waybill.files.record_view import SHOWN, Sample, keeping_first
from waybill.files.records_json import write_records

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
SUBMITTED = AS_OF + timedelta(days=3)
HOSTILE = "<script>alert('x')</script> \"&amp; \u202ereversed\u202c \x00\x1b ]]> --> 名前"

Row = tuple[datetime, Mapping[str, Any]]


def written(folder: Path, rows: Iterator[Row]) -> tuple[Any, list[int]]:
    told: list[int] = []
    made = write_records(folder / "x.json", rows, "op", told.append)
    return made, told


def test_no_records_make_no_file(tmp_path: Path) -> None:
    """Where there are no rows, there is no file."""
    assert written(tmp_path, iter(())) == (None, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 2, 20_000])
def test_records_are_counted_and_hashed_as_written(tmp_path: Path, count: int) -> None:
    """Rows, size and SHA-256 are those of the file, which is one JSON array, a record a line."""
    made, told = written(tmp_path, ((AS_OF, {"n": number}) for number in range(count)))
    data = (tmp_path / "x.json").read_bytes()
    assert (made.rows, made.size, made.sha256) == (count, len(data), hashlib.sha256(data).hexdigest())
    assert [one["properties"]["n"] for one in json.loads(data)] == list(range(count))
    assert data.count(b"\n") == count + 2
    assert sum(told) == count


def test_values_keep_their_kind_and_times_are_utc(tmp_path: Path) -> None:
    """Numbers stay numbers, null stays null, and every time is in UTC with a Z, whatever zone it came in."""
    east = datetime(2026, 6, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    naive = AS_OF.replace(tzinfo=None)
    value = {"text": HOSTILE, "big": 2**62, "none": None, "day": date(2026, 1, 2), "at": naive, "on": True}
    written(tmp_path, iter([(east, value)]))
    (told,) = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert told["time"] == "2026-06-01T00:00:00Z"
    assert told["properties"] == {**value, "day": "2026-01-02", "at": "2026-06-01T00:00:00Z"}


def test_a_value_json_cannot_hold_is_named_as_the_exports_fault(tmp_path: Path) -> None:
    """A value of another kind ends the file with words that hold nothing of it."""
    with pytest.raises(WaybillError, match="fault of the export") as refused:
        written(tmp_path, iter([(AS_OF, {"bad": {"secret"}})]))
    assert "secret" not in str(refused.value)


def contents(*, gaps: int = 2, text: str = HOSTILE) -> Contents:
    def entry(path: str, rows: int | None, product: str) -> Entry:
        return Entry(path, 1536, "ab" * 32, rows, product, f"title {text}", f"source {text}", AS_OF)

    return Contents(
        origin=Origin("op", "t1", "u1", f"Eve {text}", "s1", AS_OF, SUBMITTED),
        files=(entry("20/A.json", 12_345, "Things"), entry(f"javascript:x/#? %41{text}.bin", None, text)),
        empty=(Empty("20/None.json", "Things", "Nothing", "the box"),),
        gaps=tuple(Gap(f"21/{number}{text}", f"Lost {text}.") for number in range(gaps)),
        about=(AboutLine("Request", "What", f"all {text}"),),
    )


def manifest_of(one: Contents) -> Any:
    file = io.BytesIO()
    write_manifest(file, one)
    return json.loads(file.getvalue())


def test_the_manifest_tells_all_of_every_file() -> None:
    """Path, size, SHA-256, rows, words, source and age of each file; what is empty; what is missing; the sums."""
    told = manifest_of(contents())
    assert told["files"][0] == {
        "path": "20/A.json",
        "size": 1536,
        "sha256": "ab" * 32,
        "rows": 12_345,
        "product": "Things",
        "title": f"title {HOSTILE}",
        "source": f"source {HOSTILE}",
        "asOf": "2026-06-01T00:00:00Z",
        "ageInSeconds": 3 * 86_400,
    }
    assert told["files"][1]["rows"] is None
    assert told["counts"] == {"files": 2, "bytes": 3072, "records": 12_345, "empty": 1, "gaps": 2}
    assert told["empty"][0]["path"] == "20/None.json"
    assert told["gaps"][0]["reason"] == f"Lost {HOSTILE}."
    assert (told["operation"]["id"], told["snapshot"]["ageInSeconds"]) == ("op", 3 * 86_400)
    assert told["subject"] == {"tenantId": "t1", "objectId": "u1", "displayName": f"Eve {HOSTILE}"}


def test_an_empty_manifest_is_json_too() -> None:
    """Without files, gaps or anything empty, the manifest is still whole."""
    bare = Contents(contents().origin, (), (), (), ())
    told = manifest_of(bare)
    assert (told["files"], told["gaps"], told["empty"]) == ([], [], [])


class Page(HTMLParser):
    """What a reader of HTML finds: tags, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page_of(one: Contents) -> tuple[str, Page]:
    file = io.StringIO()
    write_index(file, one)
    return file.getvalue(), Page(file.getvalue())


def test_no_text_becomes_markup() -> None:
    """However hostile the names, the page has the same tags as with harmless ones, no script, no handler,
    nothing from elsewhere."""
    text, page = page_of(contents())
    assert page.tags == page_of(contents(text="plain"))[1].tags
    assert not {"script", "iframe", "img", "link", "object", "form", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert "default-src 'none'" in text
    assert "http:" not in text
    assert "https:" not in text


def test_names_are_shown_as_they_are_and_isolated() -> None:
    """A name is read back exactly, within an element of its own that keeps its direction of writing."""
    text, page = page_of(contents())
    assert f"Lost {HOSTILE}." in page.text
    outside = re.sub("<bdi>.*?</bdi>|<title>.*?</title>", "", text, flags=re.DOTALL)
    assert "\u202e" not in outside


def test_links_lead_to_the_files_beside_the_page() -> None:
    """Each link is relative and leads, decoded, to exactly the path of its file."""
    one = contents()
    _, page = page_of(one)
    base = "https://box.example/c/"
    targets = [urljoin(base, link) for link in page.links]
    assert all(target.startswith(base) for target in targets)
    assert sorted(unquote(target.removeprefix(base)) for target in targets) == sorted(
        ["manifest.json", *(entry.path for entry in one.files)]
    )


def test_gaps_come_first() -> None:
    """What is missing stands before what is there; without gaps the page says so."""
    text, _ = page_of(contents())
    assert 0 < text.index("What is missing (2)") < text.index("Things")
    assert "What is missing" not in page_of(contents(gaps=0))[0]
    assert "known to be missing" in page_of(contents(gaps=0))[0]


def shown(rows: list[Mapping[str, Any]], total: int, wording: Wording = NO_WORDING) -> tuple[str, Page]:
    one = replace(contents(gaps=0, text=""), samples={"20/A.json": Sample(wording, rows)})
    (first, *others) = one.files
    return page_of(replace(one, files=(replace(first, rows=total), *others)))


def test_records_are_shown_in_words() -> None:
    """One record is a list: words for its members, yes and no, times in plain UTC, objects taken apart; what is
    not told is named, and the part is open where the export says so."""
    row: Mapping[str, Any] = {
        "isAdmin": False,
        "when": "2026-05-30T10:11:12.5Z",
        "day": "2026-05-30",
        "size": 1_234_567,
        "row": {"Meeting Count": "3", "Blank": None, "Used": True},
        "names": ["a", None, "b"],
        "city": None,
    }
    wording = Wording("What it is about.", {"isAdmin": "Administrator", "city": "Town"}, unfolded=True)
    text, page = shown([row], 1, wording)
    told = dict(re.findall("<dt>(.*?)</dt><dd><bdi>(.*?)</bdi></dd>", text.partition("<details")[2]))
    assert told == {
        "Administrator": "no",
        "When": "2026-05-30 10:11 UTC",
        "Day": "2026-05-30",
        "Size": "1,234,567",
        "Row": "Meeting Count: 3; Used: yes",
        "Names": "a, b",
    }
    assert "Nothing is held here for: Town." in page.text
    assert ("open", None) in page.attributes
    assert "What it is about." in page.text


def test_many_records_are_a_table_and_the_rest_is_counted() -> None:
    """Main members get columns, others stand together; how many records the page leaves out is said."""
    rows: list[Mapping[str, Any]] = [
        {f"m{n}": f"{number}.{n}" for n in range(12)} | {"none": None} for number in range(SHOWN)
    ]
    text, page = shown(rows, 1_334, Wording(main=("m3", "m0")))
    heads = re.findall("<th>(.*?)</th>", text.partition("<details")[2].partition("</thead>")[0])
    assert heads == ["M3", "M0", "More"]
    assert all(f"{number}.{n}" in page.text for number in range(SHOWN) for n in range(12))
    assert "… and 1,234 more in " in page.text
    assert ("open", None) not in page.attributes


def test_only_the_first_records_are_kept() -> None:
    """However many rows go by, a sample keeps as many as are shown, and passes all on."""
    sample = Sample(NO_WORDING, [])
    rows: Iterator[Row] = ((AS_OF, {"n": number}) for number in range(10 * SHOWN))
    assert [row[1]["n"] for row in keeping_first(rows, sample)] == list(range(10 * SHOWN))
    assert [row["n"] for row in sample.rows] == list(range(SHOWN))


def test_hostile_records_become_no_markup() -> None:
    """Names, values and nested members of records have the tags of harmless ones."""

    def page(text: str) -> Page:
        rows: list[Mapping[str, Any]] = [
            {"name": text, "row": {text: text}, f"m{text}": text, "list": [text]}
        ] * 3
        return shown(rows, 3, Wording(text, {"name": text}))[1]

    assert page(HOSTILE).tags == page("plain").tags


def test_the_page_stays_small() -> None:
    """Long values, many records, files and gaps leave a page of about a megabyte that says what it left out."""
    long = "名<" * 5_000
    files = tuple(
        Entry(f"50/Files/{n:06d}", 1, "ab" * 32, None, "OneDrive", "x", "y", AS_OF) for n in range(20_000)
    )
    records = [Entry(f"20/{n}.json", 1, "ab" * 32, SHOWN, "Things", "t", "s", AS_OF) for n in range(20)]
    rows: list[Mapping[str, Any]] = [{f"m{n}": long for n in range(20)}] * SHOWN
    gaps = tuple(Gap(f"50/Files/lost{n}", "Lost.") for n in range(20_000))
    samples = {entry.path: Sample(NO_WORDING, rows) for entry in records}
    text, page = page_of(Contents(contents().origin, (*records, *files), (), gaps, (), samples))
    assert len(text.encode()) < 1_500_000
    assert sum(piece.endswith(" more, which manifest.json lists.") for piece in page.text) == 2
    assert "What is missing (20,000)" in page.text


def test_the_organisation_comes_first_and_technical_lines_last() -> None:
    """The organisation's name stands before its id, whom to ask and what is not covered are said, lines for
    administrators stand at the end, and the page counts the files as the manifest does."""
    one = contents(text="")
    one = replace(one, origin=replace(one.origin, organisation="Contoso"), not_covered="No mail.")
    text, page = page_of(one)
    assert "Contoso (t1)" in page.text
    assert text.index("Contoso (t1)") < text.index("ask the organisation") < text.index("No mail.")
    assert text.index("Things") < text.index("For administrators") < text.index("Request")
    assert "3, this page among them" in page.text


def test_ages_are_told_by_source_where_they_differ() -> None:
    """A source whose data is of another time than the snapshot is named with its own; others are not."""
    one = contents(text="")
    assert "but:" not in page_of(one)[0]
    first, second = one.files
    later = replace(second, source="loaded later", as_of=AS_OF + timedelta(days=1))
    text, _ = page_of(replace(one, files=(first, later)))
    assert "72 hours old" not in text
    assert "3 days old when it was asked for; but:" in text
    assert "<bdi>loaded later</bdi>: 2026-06-02 00:00 UTC, 2 days old" in text
