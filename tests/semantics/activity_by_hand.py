"""The groups activity report once more, in plain Python from the raw rows: no SQL and no code of the product."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]

HEADER = (
    "Report Refresh Date,Group Display Name,Is Deleted,Owner Principal Name,Last Activity Date,Group Type,"
    "Member Count,External Member Count,Exchange Received Email Count,SharePoint Active File Count,"
    "Yammer Posted Message Count,Yammer Read Message Count,Yammer Liked Message Count,"
    "Exchange Mailbox Total Item Count,Exchange Mailbox Storage Used (Byte),SharePoint Total File Count,"
    "SharePoint Site Storage Used (Byte),Group Id,Report Period"
)
NAME, OWNER, GROUP_ID = 1, 3, 17
MAIL, YAMMER = "emails_received", ("yammer_posted", "yammer_read", "yammer_liked")


class RawFacts:
    """The raw tables of one snapshot file, as lists of rows."""

    def __init__(self, snapshot: Path) -> None:
        with duckdb.connect(str(snapshot), read_only=True) as connection:

            def rows(table: str) -> list[Row]:
                found = connection.execute(f"SELECT * FROM {table}")
                names = [column[0] for column in found.description or ()]
                return [dict(zip(names, values, strict=True)) for values in found.fetchall()]

            self.principals: dict[int, Row] = {row["id"]: row for row in rows("principal")}
            self.members, self.owners = rows("member"), rows("owner")
            self.state = {row["grp"]: row for row in rows("unified_group")}
            self.days, self.files = rows("group_day"), rows("group_file_day")
            meta = {row["key"]: row["value"] for row in rows("meta")}
        self.until = date.fromisoformat(meta["activity_until"])


def is_active(day: Row) -> bool:
    return any((day[column] or 0) > 0 for column in (MAIL, "pages_viewed", *YAMMER))


def report_lines(facts: RawFacts, latest: date, days: int = 0, day: date | None = None) -> list[list[str]]:
    """The rows of the CSV as texts, without the heading, in the order of names."""
    refresh = min(facts.until, latest)
    since, until = (day, day) if day else (refresh - timedelta(days=days - 1), refresh)
    known = refresh - timedelta(days=179)
    told: dict[int, list[Row]] = defaultdict(list)
    for row in facts.days:
        if known <= row["day"] <= refresh:
            told[row["grp"]].append(row)
    touched: dict[int, list[Row]] = defaultdict(list)
    for row in facts.files:
        if known <= row["day"] <= refresh:
            touched[row["grp"]].append(row)
    found = []
    for group in facts.principals.values():
        if group["kind"] != "m365_group" or (
            group["status"] == "unresolved" and group["id"] not in facts.state
        ):
            continue
        active = [row["day"] for row in told[group["id"]] if is_active(row)]
        active += [row["day"] for row in touched[group["id"]]]
        last = max(active, default=None)
        deleted = group["status"] in ("soft_deleted", "deleted")
        if day and day not in active:
            continue
        if deleted and (last is None or last < since):
            continue
        inside = [row for row in told[group["id"]] if since <= row["day"] <= until]
        files = {row["file"] for row in touched[group["id"]] if since <= row["day"] <= until}
        found.append(_line(facts, group, refresh, last, deleted, inside, files, str(days or 1)))
    return sorted(found, key=lambda line: (not line[NAME], line[NAME], line[GROUP_ID]))


def _line(
    facts: RawFacts,
    group: Row,
    refresh: date,
    last: date | None,
    deleted: bool,
    inside: list[Row],
    files: set[int],
    period: str,
) -> list[str]:
    people = [facts.principals[row["member"]] for row in facts.members if row["container"] == group["id"]]
    users = {person["id"]: person for person in people if person["kind"] == "user"}
    owners = [facts.principals[row["principal"]] for row in facts.owners if row["grp"] == group["id"]]
    named = sorted((owner["id"], owner["upn"]) for owner in owners if owner["upn"])
    state = facts.state.get(group["id"], defaultdict(lambda: None))
    pages_told = any(row["pages_viewed"] is not None for row in inside)
    count = len(users) or group["reported_users"] or 0

    def total(column: str) -> int | None:
        values = [row[column] for row in inside if row[column] is not None]
        return sum(values) if values else None

    cells: list[Any] = [
        refresh.isoformat(), group["name"], deleted, named[0][1] if named else "", last, state["visibility"],
        count, sum(person["external"] for person in users.values()),
        total(MAIL), len(files) if files or pages_told else None, *(total(column) for column in YAMMER),
        state["mailbox_items"], state["mailbox_bytes"], state["site_files"], state["site_bytes"],
        group["entra_id"], period,
    ]  # fmt: skip
    return ["" if cell is None else str(cell) for cell in cells]


def concealed_lines(lines: list[list[str]], key: bytes) -> list[list[str]]:
    """The same rows as a tenant that conceals names shows them."""

    def mask(value: str) -> str:
        return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32].upper() if value else ""

    hidden = []
    for line in lines:
        shown = list(line)
        shown[NAME], shown[OWNER] = mask(line[NAME]), mask(line[OWNER])
        shown[GROUP_ID] = "00000000-0000-0000-0000-000000000000"
        hidden.append(shown)
    return hidden


def read_csv(content: bytes) -> list[list[str]]:
    """The rows of a report's bytes, after its form was checked: byte order mark, heading, CRLF."""
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert text.startswith(HEADER + "\r\n")
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
