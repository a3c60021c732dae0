"""What a report call asks for: literals, the form of the answer, pages (graph.md 6.1, 6.6)."""

from __future__ import annotations

import pytest

from waybill.api.report_options import (
    Asked,
    Place,
    call_text,
    read_asked,
    read_skip_token,
    received_of,
    skip_token,
)
from waybill.errors import BadRequest
from waybill.exports.groups_activity import EXPORT

SHA256 = "ab" * 32
PYTHON_V1 = "application/octet-stream, application/json"
PNP_CLI = "application/json;odata.metadata=none"


def test_literals_are_texts_in_quotes_and_bare_dates() -> None:
    """period has single quotes, date has none, and the version is no parameter."""
    assert received_of(EXPORT, {"version": "beta", "period": "'D7'"}) == {"period": ("D7",)}
    assert received_of(EXPORT, {"date": "2026-05-01"}) == {"date": ("2026-05-01",)}
    assert received_of(EXPORT, {"period": "'it''s'"}) == {"period": ("it's",)}


@pytest.mark.parametrize(
    "values",
    [
        {"period": "D7"}, {"period": "'D7"}, {"period": ""}, {"date": "'2026-05-01'"}, {"date": "2026-5-1"},
        {"date": "2026-02-30"}, {"date": ""}, {"date": "٢٠٢٦-٠٥-٠١"}, {"perriod": "'D7'"},
    ],
)  # fmt: skip
def test_malformed_literals_are_no_argument_at_fault(values: dict[str, str]) -> None:
    """A literal of the wrong form is a call of the wrong shape: no field is blamed."""
    with pytest.raises(BadRequest) as refused:
        received_of(EXPORT, values)
    assert refused.value.field == ""


def test_a_call_is_written_as_clients_write_it() -> None:
    """Links name the call as it was made, with its quotes."""
    assert call_text(EXPORT, {"period": ("D7",)}).endswith("/getOffice365GroupsActivityDetail(period='D7')")
    assert call_text(EXPORT, {"date": ("2026-05-01",)}).endswith("(date=2026-05-01)")
    assert call_text(EXPORT, {"period": ("it's",)}).endswith("(period='it''s')")


@pytest.mark.parametrize(
    ("accept", "as_json"),
    [
        ("application/json", True), (PNP_CLI, True), ("Application/JSON; charset=utf-8", True),
        ("application/json, text/plain", True), ("application/json, */*;q=0", True),
        ("*/*", False), ("", False), (PYTHON_V1, False), ("application/json, */*;q=0.1", False),
        ("application/json, text/csv", False), ("application/json,text/*", False), ("text/html", False),
        ("application/json;q=0", False),
    ],
)  # fmt: skip
def test_t20_accept_decides_on_beta_alone(accept: str, as_json: bool) -> None:
    """Without $format, /beta gives JSON to those who take JSON and nothing a file could be; /v1.0 never does."""
    assert read_asked({}, accept, "beta").as_json is as_json
    assert read_asked({}, accept, "v1.0") == Asked(as_json=False)


@pytest.mark.parametrize("name", ["$format", "format"])
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/csv"])
def test_the_format_option_wins_on_beta(name: str, accept: str) -> None:
    """$format, with its dollar or without, decides whatever Accept says; /v1.0 ignores it."""
    assert read_asked({name: ("application/json",)}, accept, "beta").as_json
    assert not read_asked({name: ("text/csv",)}, accept, "beta").as_json
    assert not read_asked({name: ("application/json",)}, accept, "v1.0").as_json
    assert not read_asked({name: ("xml",)}, accept, "v1.0").as_json
    with pytest.raises(BadRequest):
        read_asked({name: ("xml",)}, accept, "beta")


@pytest.mark.parametrize(
    "name", ["filter", "select", "orderby", "search", "expand", "skip", "count", "apply"]
)
@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_options_that_would_choose_rows_are_refused(name: str, version: str) -> None:
    """A client must not take unfiltered rows for filtered ones."""
    with pytest.raises(BadRequest, match=rf"\${name}"):
        read_asked({f"${name}": ("1",)}, "application/json", version)


def test_custom_options_are_ignored() -> None:
    """A query option that is not OData's is nobody's business."""
    assert read_asked({"tracking": ("1",), "v": ("2", "3")}, "*/*", "beta") == Asked(as_json=False)


def test_pages_have_a_length() -> None:
    """200 rows unless $top says otherwise; never more than 999."""
    json = {"$format": ("application/json",)}
    assert read_asked(json, "", "beta").rows == 200
    assert read_asked({**json, "$top": ("5",)}, "", "beta").rows == 5
    assert read_asked({**json, "$top": ("5000",)}, "", "beta").rows == 999
    assert read_asked({"$top": ("x",)}, "*/*", "beta") == Asked(as_json=False)  # no pages of CSV
    for top in ("0", "-1", "x", "", "1.5"):
        with pytest.raises(BadRequest):
            read_asked({**json, "$top": (top,)}, "", "beta")


def test_a_skip_token_is_read_back() -> None:
    """The opaque text stands for a table and a row of it."""
    place = Place(SHA256, 200)
    assert read_skip_token(skip_token(place)) == place
    assert skip_token(place).isascii()


@pytest.mark.parametrize("text", ["", "MDoyOg", "a", "é", "!!!!", "W10", "WyJhYiIsMV0", "bnVsbA"])
def test_other_tokens_are_refused(text: str) -> None:
    """What is no token of ours is a bad request, never a failure."""
    with pytest.raises(BadRequest):
        read_skip_token(text)
