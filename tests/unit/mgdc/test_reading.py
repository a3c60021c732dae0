"""Finding files, reading dates, and turning values of nearly the right type into columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from tests.unit.mgdc.mgdc_parts import site, write
from waybill.errors import DataProblem
from waybill.ingest.mgdc.convert import Converter
from waybill.ingest.mgdc.datasets import DATASETS
from waybill.ingest.mgdc.dates import read_time
from waybill.ingest.mgdc.find import dataset_of, find


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-05-13T10:39:19Z", "2024-05-13T10:39:19"),
        ("2024-05-13T010:39:19Z", "2024-05-13T10:39:19"),
        ("2023-09-10T01:45:30.1550648+00:00", "2023-09-10T01:45:30.155064"),
        ("2023-09-10T01:45:30.5+02:00", "2023-09-09T23:45:30.500000"),
        ("2022-05-01T04:01:55.000Z", "2022-05-01T04:01:55"),
        ("2022-05-01", "2022-05-01T00:00:00"),
        ("2022-05-01 04:01", "2022-05-01T04:01:00"),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
    ],
)
def test_dates_of_the_samples_are_read(text: str, time: str | None) -> None:
    """Three-digit hours, seven decimals, offsets and .NET's "no date" are read; all as UTC."""
    found = read_time(text)
    assert (found and found.isoformat()) == time


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2024-13-01T00:00:00Z", "2024-02-30", "24-05-13", "2024-05-13T25:00:00Z"]
)
def test_what_is_no_date_is_said_to_be_none(text: str) -> None:
    """A text that is no date raises ValueError rather than becoming some date."""
    with pytest.raises(ValueError, match="not a date"):
        read_time(text)


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("BasicDataSet_v0.SharePointSites_v1.json", "SharePointSites"),
        ("docs.basicdataset_v0.SHAREPOINTFILEACTIONS_v1.ndjson", "SharePointFileActions"),
        ("sharepointfiles_v1", "SharePointFiles"),
        ("BasicDataSet_v0.User_v1.json", "User"),
        ("Manager_v0", "Manager"),
        ("DirectReport_v0", "DirectReport"),
        ("UserAgents.json", None),
        ("superuser.json", None),
        ("part-00000.json", None),
    ],
)
def test_a_name_tells_its_dataset(name: str, dataset: str | None) -> None:
    """A dataset's name counts as a word, in any letter case; a longer word that contains it does not."""
    assert dataset_of(name) == dataset


def test_every_file_is_taken_or_listed(tmp_path: Path) -> None:
    """In a tree, files are recognised by their own or their folders' names; every other file is named with a reason."""
    for name in (
        "raw/SharePointSites/2024/05/16/run1/part-0.json", "raw/GroupDetails/x.ndjson.gz", "raw/User/a.JSONL", "notes.txt",
        "raw/SharePointSites/_SUCCESS", "raw/DirectReport/part-0.json", "other/part-0.json",
        "raw/SharePointFiles/report.csv",
    ):  # fmt: skip
        write(tmp_path / name, [])
    found = find(tmp_path)
    assert [(file.name, file.dataset) for file in found.files] == [
        ("raw/GroupDetails/x.ndjson.gz", "GroupDetails"),
        ("raw/SharePointSites/2024/05/16/run1/part-0.json", "SharePointSites"),
        ("raw/User/a.JSONL", "User"),
    ]
    assert str(found.files[1].day) == "2024-05-16"
    assert {skipped.name for skipped in found.skipped} == {
        "notes.txt", "raw/SharePointSites/_SUCCESS", "raw/DirectReport/part-0.json", "other/part-0.json",
        "raw/SharePointFiles/report.csv",
    }  # fmt: skip
    assert all(skipped.reason for skipped in found.skipped)


def test_a_path_without_datasets_is_refused(tmp_path: Path) -> None:
    """A folder without any dataset, and one that does not exist, are refused with the names that would do."""
    write(tmp_path / "notes.json", [])
    with pytest.raises(DataProblem, match="SharePointPermissions"):
        find(tmp_path)
    with pytest.raises(DataProblem, match="no file or folder"):
        find(tmp_path / "missing")


def upper_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.upper(): upper_keys(inner) for key, inner in value.items()}
    return [upper_keys(inner) for inner in value] if isinstance(value, list) else value


def test_keys_in_any_letter_case_make_the_same_row() -> None:
    """Keys are matched without case, in nested structs too."""
    row = site(
        Owner={
            "AadObjectId": "5F0E4A10-0000-4000-8000-00000000000A",
            "Name": "Anna",
            "UPN": "anna@contoso.com",
        }
    )
    plain, _ = Converter(DATASETS["SharePointSites"]).batch([row])
    loud, _ = Converter(DATASETS["SharePointSites"]).batch([upper_keys(row)])
    assert {name: column.to_pylist() for name, column in loud.items()} == {
        name: column.to_pylist() for name, column in plain.items()
    }
    assert pc.struct_field(plain["Owner"], "AadObjectId").to_pylist() == [
        "5f0e4a10-0000-4000-8000-00000000000a"
    ]
    assert plain["RootWebTitle"].to_pylist() == ["Site 1"]


def test_unknown_columns_are_counted() -> None:
    """A column that no published schema has is counted, also inside SharedWith; known unused ones are not."""
    converter = Converter(DATASETS["SharePointPermissions"])
    converter.batch(
        [{"SiteId": "x", "Brandnew": 1, "SharedWithCount": [], "SharedWith": [{"Name": "a", "Odd": 1}]}] * 3
    )
    assert converter.unknown == {"Brandnew": 3, "SharedWith.Odd": 3}


def test_values_of_another_type_are_read_or_warned_about() -> None:
    """A number as text and a boolean as text are read; what cannot be is NULL with a warning that names row and column."""
    rows: list[dict[str, Any]] = [
        {
            "SiteId": "A",
            "GroupId": "12",
            "DisplayName": 7,
            "SnapshotDate": "2024-05-13T010:39:19Z",
            "Members": {"Name": "one"},
        },
        {"SiteId": "B", "GroupId": "many", "DisplayName": None, "SnapshotDate": "soon", "Members": ["who"]},
    ]
    columns, warned = Converter(DATASETS["SharePointGroups"]).batch(rows)
    assert columns["GroupId"].to_pylist() == [12, None]
    assert columns["DisplayName"].to_pylist() == ["7", None]
    assert [day and day.isoformat() for day in columns["SnapshotDate"].to_pylist()] == [
        "2024-05-13T10:39:19",
        None,
    ]
    assert pc.list_value_length(columns["Members"]).to_pylist() == [1, 1]
    assert sorted((row, column) for row, column, _ in warned) == [
        (1, "GroupId"),
        (1, "Members"),
        (1, "SnapshotDate"),
    ]
