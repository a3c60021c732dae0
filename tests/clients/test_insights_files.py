"""Downloads over real HTTP: conditions, ranges, and clean refusals (insights.md 1.3 D, RFC 9110)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clients.insights_house import SITES, Answer, House
from waybill.api.downloads import Unsatisfiable, disposition, wanted_range
from waybill.jobs.table import Job, State

FILE = "/insights/job/{}/exportfile"
CONTENT = bytes(range(256)) * 40 + b"end"
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture(scope="module")
def job(house: House) -> Job:
    """A finished job with CONTENT as its file."""
    return house.finished(CONTENT, name="Rapport_été «1».zip")


def _get(house: House, job: Job, method: str = "GET", **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return house.ask(FILE.format(job.number), method, headers=sent)


def test_whole_file(house: House, job: Job) -> None:
    """The file comes whole with type, length, strong ETag, name in both spellings, and no sniffing."""
    answer = _get(house, job)
    assert (answer.status, answer.body) == (200, CONTENT)
    expected = {
        "content-type": "application/zip",
        "content-length": str(len(CONTENT)),
        "etag": ETAG,
        "accept-ranges": "bytes",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-disposition": 'attachment; filename="Rapport__t___1_.zip"; '
        "filename*=UTF-8''Rapport_%C3%A9t%C3%A9%20%C2%AB1%C2%BB.zip",
    }
    assert {name: answer.headers.get(name) for name in expected} == expected


def test_again_and_again(house: House, job: Job) -> None:
    """A file may be fetched as often as wanted."""
    assert [_get(house, job).body == CONTENT for _ in range(3)] == [True] * 3


def test_head(house: House, job: Job) -> None:
    """HEAD has the headers of GET and no body."""
    answer, whole = _get(house, job, "HEAD"), _get(house, job)
    assert (answer.status, answer.body) == (200, b"")
    for name in ("content-length", "etag", "content-type", "content-disposition", "accept-ranges"):
        assert answer.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=10-19", (10, 19)),
        ("bytes=5-", (5, len(CONTENT) - 1)),
        ("bytes=-3", (len(CONTENT) - 3, len(CONTENT) - 1)),
        ("bytes=0-99999999999", (0, len(CONTENT) - 1)),
        ("bytes=-99999999999", (0, len(CONTENT) - 1)),
        ("Bytes= 10-19 ", (10, 19)),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_ranges(house: House, job: Job, method: str, header: str, part: tuple[int, int]) -> None:
    """A single range is answered 206 with exactly its bytes."""
    first, last = part
    answer = _get(house, job, method, Range=header)
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.headers["etag"] == ETAG
    assert answer.body == (CONTENT[first : last + 1] if method == "GET" else b"")


@pytest.mark.parametrize(
    "header",
    ["bytes=", "bytes=-", "bytes=abc", "bytes=5-2", "5-9", "lines=0-9", "bytes=0-9,20-29", "bytes=0x1-2",
     "bytes=1-2-3", "bytes=" + "9" * 40 + "-", "bytes=\xb2-3"],
)  # fmt: skip
def test_ranges_ignored(house: House, job: Job, header: str) -> None:
    """A range that is malformed, or one of several, is ignored: the whole file comes."""
    answer = _get(house, job, Range=header)
    assert (answer.status, answer.body) == (200, CONTENT)


@pytest.mark.parametrize("header", [f"bytes={len(CONTENT)}-", "bytes=999999-9999999", "bytes=-0"])
def test_unsatisfiable(house: House, job: Job, header: str) -> None:
    """A range without any byte of the file is 416, with the size of the file and our envelope."""
    answer = _get(house, job, Range=header)
    assert (answer.status, answer.json["status"], answer.json["jobId"]) == (416, 416, None)
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_resuming(house: House, job: Job) -> None:
    """A client that goes on after a broken download by If-Range gets the very same file."""
    first = _get(house, job, Range="bytes=0-4999")
    rest = _get(house, job, Range="bytes=5000-", If_Range=first.headers["etag"])
    assert (rest.status, first.body + rest.body) == (206, CONTENT)


@pytest.mark.parametrize("tag", ['"other"', f"W/{ETAG}", "Sat, 21 Nov 2026 00:00:00 GMT"])
def test_if_range_of_something_else(house: House, job: Job, tag: str) -> None:
    """When If-Range does not name this content, the whole file comes, whatever the range."""
    for header in ("bytes=0-9", "bytes=999999-"):
        answer = _get(house, job, Range=header, If_Range=tag)
        assert (answer.status, answer.body) == (200, CONTENT)


@pytest.mark.parametrize("tags", [ETAG, f"W/{ETAG}", f'"x", {ETAG}', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_not_modified(house: House, job: Job, method: str, tags: str) -> None:
    """A client that has this content is answered 304, without a body and before any range."""
    answer = _get(house, job, method, If_None_Match=tags, Range="bytes=0-9")
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", ETAG)


def test_modified(house: House, job: Job) -> None:
    """A client that has another content gets the file."""
    assert _get(house, job, If_None_Match='"other"').body == CONTENT


@pytest.mark.parametrize(("tags", "status"), [(ETAG, 200), ("*", 200), ('"other"', 412), (f"W/{ETAG}", 412)])
def test_if_match(house: House, job: Job, tags: str, status: int) -> None:
    """If-Match compares strongly; what it does not name is 412."""
    assert _get(house, job, If_Match=tags).status == status


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.STOPPING])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_too_early(house: House, state: State, method: str) -> None:
    """A file asked for before the end is a clean 409 with Retry-After, never the start of a ZIP."""
    job = house.jobs.get("contoso", house.ask(f"{SITES}?siteUrls=https://a/early-{state}").job)
    if job.state is not state:
        house.put(job.number, state)
    for headers in ({}, {"Range": "bytes=0-3"}, {"If_None_Match": "*"}):
        answer = _get(house, job, method, **headers)
        assert answer.status == 409
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/json"
        assert "etag" not in answer.headers
        if method == "GET":
            assert (answer.json["jobId"], answer.json["status"]) == (None, 409)


@pytest.mark.parametrize("state", [State.FAILED, State.STOPPED])
def test_no_file(house: House, state: State) -> None:
    """A job that failed or was stopped has no file: 409 that says so, and no hint to wait."""
    number = house.ask(f"{SITES}?siteUrls=https://a/none-{state}").job
    house.put(number, state, error="Something is wrong." if state is State.FAILED else "")
    answer = house.ask(FILE.format(number))
    assert (answer.status, answer.json["status"]) == (409, 409)
    assert state.value in answer.json["message"]
    assert "retry-after" not in answer.headers


def test_expired(house: House) -> None:
    """A file that retention has deleted is 410."""
    job = house.finished(b"PK old")
    house.file_path(job).unlink()
    house.put(job.number, State.EXPIRED)
    assert (_get(house, job).status, _get(house, job).json["status"]) == (410, 410)


def test_file_lost(house: House) -> None:
    """A finished file that is no longer there is 410 too, not a crash."""
    job = house.finished(b"PK lost")
    house.file_path(job).unlink()
    assert _get(house, job).status == 410


def test_file_damaged(house: House) -> None:
    """A file whose size is not the recorded one is refused: a short ZIP is never sent."""
    job = house.finished(b"PK complete")
    house.file_path(job).write_bytes(b"PK")
    answer = _get(house, job)
    assert (answer.status, answer.json["jobId"]) == (500, None)


def test_large_file(house: House) -> None:
    """A file of many chunks arrives whole and in parts."""
    content = hashlib.sha256(b"seed").digest() * 200_000
    job = house.finished(content)
    assert _get(house, job).body == content
    assert _get(house, job, Range="bytes=1000001-5000000").body == content[1_000_001:5_000_001]


@given(size=st.integers(1, 50), first=st.integers(0, 60), last=st.integers(0, 60))
def test_range_arithmetic(size: int, first: int, last: int) -> None:
    """A range first-last yields the bytes that slicing yields, or none when slicing yields none."""
    content = bytes(size)
    if last < first:
        assert wanted_range(f"bytes={first}-{last}", size) is None
    elif first >= size:
        with pytest.raises(Unsatisfiable):
            wanted_range(f"bytes={first}-{last}", size)
    else:
        part = wanted_range(f"bytes={first}-{last}", size)
        assert part is not None
        assert part[1] - part[0] + 1 == len(content[first : last + 1])


@given(st.text())
def test_names_in_headers(name: str) -> None:
    """Whatever a file is called, the header is plain ASCII without a way to break out of it."""
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
