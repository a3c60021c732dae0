"""Blocks parsed at once: the same rows, places, warnings and counts as objects read one by one."""

from __future__ import annotations

import copy
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.mgdc.mgdc_parts import Row, edge, grant, group, guid, person, site, sp_group, user
from waybill.ingest.mgdc.bulk import Bulk
from waybill.ingest.mgdc.convert import Converter
from waybill.ingest.mgdc.datasets import DATASETS, Dataset
from waybill.ingest.mgdc.find import DatasetFile
from waybill.ingest.mgdc.reading import Block, FileReader

FILE = {
    "ptenant": guid("tenant", 1), "SiteId": guid("site", 1), "ItemId": guid("item", 1), "DirName": "Shared Documents",
    "FileName": "Plan.docx", "SizeInBytes": 5, "SensitivityLabelInfo": {"Id": None, "DisplayName": "Secret"},
    "Author": {"Name": "Anna", "Email": "anna@contoso.com"}, "TimeCreated": "2024-02-29T09:00:00.1234567+00:00",
    "MajorVersion": 1, "SnapshotDate": "2026-06-01T00:00:00Z",
}  # fmt: skip
TEMPLATES: dict[str, Row] = {
    "SharePointSites": site(1),
    "SharePointPermissions": grant(person("anna"), person("bo"), ShareCreatedBy=person("bo")),
    "SharePointGroups": sp_group(3, "Owners", person("anna")),
    "SharePointFiles": FILE,
    "GroupDetails": group(1, "All"),
    "GroupMembers": edge(1, "anna"),
    "User": user("anna", assignedLicenses=[{"skuId": guid("sku", 1), "disabledPlans": []}], businessPhones=["1", "2"]),
}  # fmt: skip
VALUES: list[Any] = [
    None, "", " ", "x", "Zoë 🦊", "\ud800", "a\nb\\ud", 7, -1, 1.5, 1e300, 2**70, True, "true",
    [], ["a", None], {}, {"Name": "x"}, [{"Name": "y", "New": 1}],
    "{" + guid("site", 2).upper() + "}", "00000000-0000-0000-0000-000000000000",
    "2024-01-02T03:04:05Z", "2024-01-02T03:04:05+01:00", "2024-01-02", "2024-01-02T03+00:00", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.9999999Z", "2024-02-30T00:00:00Z", "T010:39:19Z",
]  # fmt: skip
LINES = [
    "",
    "[",
    "]",
    "{",
    "}",
    "nonsense",
    '{"a":1}{"b":2}',
    '{"a":',
    '{"Name":NaN}',
    "{}",
    '{"SiteId":"a","SiteId":"b"}',
    "\ufeff{}",
]
EXTRA = ["NewColumn", "SharedWithCount", "siteid", "puser", "id", "UserLoginName", "LoginName", "Name"]
JOINTS = ["\n", "\r\n", ",\n", "\n\n", " ", " \n"]


@st.composite
def change(draw: st.DrawFn, row: Row) -> Row:
    """The object with one thing about it odd: a value, a key, a key in a person's struct."""
    made = copy.deepcopy(row)
    inside = [value for value in made.values() if isinstance(value, dict)]
    inside += [
        entry
        for value in made.values()
        if isinstance(value, list)
        for entry in value
        if isinstance(entry, dict)
    ]
    where = draw(st.sampled_from([made, *inside]))
    key = draw(st.sampled_from([*where, *EXTRA]))
    how = draw(st.sampled_from(["value", "drop", "case"]))
    if how == "drop":
        where.pop(key, None)
    elif how == "case" and key in where:
        where[key.lower()] = where.pop(key)
    else:
        where[key] = draw(st.sampled_from(VALUES))
    return made


@st.composite
def texts(draw: st.DrawFn, name: str) -> bytes:
    """Lines of one dataset: many as they should be, some odd, some no objects at all."""
    row = TEMPLATES[name]
    lines: list[str] = []
    usual = draw(st.sampled_from([True, True, False]))
    for kind in draw(st.lists(st.sampled_from("cccccoooj" if not usual else "ccccccccccccco"), max_size=14)):
        if kind == "j":
            lines.append(draw(st.sampled_from(LINES)))
        else:
            lines.append(
                json.dumps(row if kind == "c" else draw(change(row)), ensure_ascii=draw(st.booleans()))
            )
    joint = draw(st.sampled_from(JOINTS))
    text = joint.join(lines) + draw(st.sampled_from(["", joint]))
    data = text.encode("utf-8", "surrogatepass")
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data


Told = tuple[list[Row], list[int], list[Any], Counter[str]]


def file_of(folder: Path, dataset: Dataset, data: bytes) -> DatasetFile:
    path = folder / f"{dataset.name}.json"
    path.write_bytes(data)
    return DatasetFile(path, path.name, "", dataset.name, len(data), None)


def one_by_one(file: DatasetFile, dataset: Dataset) -> Told:
    pieces = list(FileReader(file, chunk=97).pieces())
    return converted(dataset, pieces)


def converted(dataset: Dataset, pieces: list[Any]) -> Told:
    converter = Converter(dataset)
    good = [piece for piece in pieces if piece.found is not None]
    columns, warned = converter.batch([piece.found for piece in good])
    bad = [(piece.line, piece.reason, piece.raw) for piece in pieces if piece.found is None]
    rows = [
        dict(zip(columns, values, strict=True))
        for values in zip(*(c.to_pylist() for c in columns.values()), strict=True)
    ]
    odd = [(good[row].line, column, wrong) for row, column, wrong in warned]
    return rows, [piece.line for piece in good], [*sorted(odd), *bad], converter.unknown


def at_once(file: DatasetFile, dataset: Dataset, block: int) -> tuple[Told, int]:
    """What blocks come to, and how many rows were parsed at once."""
    rows: list[Row] = []
    lines: list[int] = []
    odd: list[Any] = []
    bad: list[Any] = []
    quick = 0
    bulk, unknown = Bulk(dataset), Counter[str]()
    for found in FileReader(file, chunk=97, block=block).blocks(bulk):
        if isinstance(found, Block):
            quick += found.rows
            values = zip(*(column.to_pylist() for column in found.columns.values()), strict=True)
            rows += [dict(zip(found.columns, row, strict=True)) for row in values]
            lines += range(found.line, found.line + found.rows)
            for column in found.columns.values():
                column.validate(full=True)
        else:
            more, places, warned, strange = converted(dataset, found)
            rows += more
            lines += places
            odd += [one for one in warned if isinstance(one[2], str)]
            bad += [one for one in warned if not isinstance(one[2], str)]
            unknown += strange
    return (rows, lines, [*sorted(odd), *bad], unknown + bulk.unknown), quick


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(), name=st.sampled_from(sorted(TEMPLATES)), block=st.sampled_from([200, 1500, 6000, 1 << 20])
)
def test_blocks_are_what_objects_are(tmp_path: Path, data: st.DataObject, name: str, block: int) -> None:
    """However odd the lines are and wherever blocks end: the same rows, lines, warnings, rejects and unknown columns."""
    dataset = DATASETS[name]
    file = file_of(tmp_path, dataset, data.draw(texts(name)))
    told, _ = at_once(file, dataset, block)
    assert told == one_by_one(file, dataset)


@pytest.mark.parametrize("name", sorted(TEMPLATES))
@pytest.mark.parametrize("joint", ["\n", "\r\n", ",\n"])
def test_clean_lines_are_parsed_at_once(tmp_path: Path, name: str, joint: str) -> None:
    """Nothing of a clean file is read object by object, whichever way its lines end, unknown columns included."""
    dataset = DATASETS[name]
    row = {**TEMPLATES[name], "BrandNew": None}
    data = (json.dumps(row) + joint) * 50
    file = file_of(tmp_path, dataset, data.encode())
    told, quick = at_once(file, dataset, 1 << 20)
    assert quick == 50
    assert told == one_by_one(file, dataset)
    assert told[3] == {"BrandNew": 50}
