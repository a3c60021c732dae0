"""The files around a person's data: records as JSON, the manifest, and the page that people read."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest

from waybill.errors import WaybillError
from waybill.export import AboutLine, Gap
from waybill.files.index_page import write_index
from waybill.files.manifest import Contents, Empty, Entry, Origin, write_manifest
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
    assert [unquote(target.removeprefix(base)) for target in targets] == [
        "manifest.json",
        *(entry.path for entry in one.files),
    ]


def test_gaps_come_first() -> None:
    """What is missing stands before what is there; without gaps the page says so."""
    text, _ = page_of(contents())
    assert 0 < text.index("What is missing (2)") < text.index("Things")
    assert "What is missing" not in page_of(contents(gaps=0))[0]
    assert "known to be missing" in page_of(contents(gaps=0))[0]
