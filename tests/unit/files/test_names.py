"""File names and sheet names: safe wherever they end up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.files.names import content_disposition, download_name, entry_name
from waybill.files.sheet_names import SheetNames


def test_a_download_is_named_after_report_job_and_time() -> None:
    """A download is `<stem>_<job>_<yyyyMMddHHmmss>.zip`, its time in UTC."""
    east = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=9)))
    assert download_name("GroupAccessReport", 17, east) == "GroupAccessReport_17_20260101180405.zip"
    assert download_name("S", "a/b", datetime(2026, 1, 2, tzinfo=UTC)) == "S_a_b_20260102000000.zip"


def test_the_workbook_inside_is_named_after_the_report_alone() -> None:
    """The entry's name holds neither job nor time, so the same request gives the same bytes."""
    assert entry_name("GroupAccessReport") == "GroupAccessReport.xlsx"


def test_a_name_beyond_ascii_has_a_fallback() -> None:
    """Content-Disposition gives an ASCII name and the exact one in UTF-8."""
    assert content_disposition("Été 2026.zip") == (
        "attachment; filename=\"_t_ 2026.zip\"; filename*=UTF-8''%C3%89t%C3%A9%202026.zip"
    )


@given(st.text(max_size=40) | st.text('"%\\\r\n;=/é', max_size=20))
def test_no_name_breaks_out_of_the_header(name: str) -> None:
    """Whatever the name, the header is one ASCII line that parses as one attachment."""
    value = content_disposition(name)
    assert value.isascii()
    assert value.isprintable()
    message = Message()
    message["Content-Disposition"] = value
    assert message.get_content_disposition() == "attachment"
    assert value.count('"') == 2
    assert "%" not in value.split('"')[1]


@pytest.mark.parametrize(
    ("wanted", "given_name"),
    [
        ("Summary", "Summary"),
        ("a[b]c:d*e?f/g\\h", "a_b_c_d_e_f_g_h"),
        ("'quoted'", "quoted"),
        ("", "Sheet"),
        ("'", "Sheet"),
        ("History", "History (2)"),
        ("x" * 40, "x" * 31),
        ("x" * 30 + "'y", "x" * 30),
        ("😀" * 20, "😀" * 15),
        ("グループ アクセス", "グループ アクセス"),
    ],
)
def test_sheet_names_are_made_legal(wanted: str, given_name: str) -> None:
    """A sheet's name becomes one that Excel accepts, as near to the wanted one as can be."""
    assert SheetNames().take(wanted) == given_name


@given(st.lists(st.tuples(st.text(max_size=35), st.integers(1, 3)), max_size=12))
def test_sheet_names_are_legal_and_unique(wanted: list[tuple[str, int]]) -> None:
    """No two sheets share a name in any letter case, and every name is legal."""
    names = SheetNames()
    given_names = [names.take(name, part) for name, part in wanted]
    assert len({name.casefold() for name in given_names}) == len(given_names)
    for name in given_names:
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\")
        assert name[0] != "'"
        assert name[-1] != "'"
        assert name.casefold() != "history"


def test_parts_keep_their_number() -> None:
    """Part 2 of a sheet is "Name (2)", cut to fit, and steps aside for a sheet that has that name already."""
    names = SheetNames()
    assert [names.take("Objects"), names.take("Objects", 2)] == ["Objects", "Objects (2)"]
    assert names.take("objects") == "objects (3)"
    assert names.take("y" * 31, 2) == "y" * 27 + " (2)"
