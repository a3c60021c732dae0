"""The law that lets a job ask a query again for more memory: each query of rows gives them in one order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.laws.tenants import Practice, widened
from waybill.export import Batches, Bundle, Column, Export, Facts, Records, Report, Sql, Table
from waybill.exports import CATALOG
from waybill.tenant.build import sql_file

ONE_ROW = sql_file("queries", "person/profile")
"""One person by their key: there is no order to keep."""


class _Noting:
    """The facts, and the text of each query that rows were taken from."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._facts, name)

    def rows(self, query: str | Sql, columns: tuple[Column, ...], **parameters: Any) -> Batches:
        self.asked.add(query.text if isinstance(query, Sql) else sql_file("queries", query))
        return self._facts.rows(query, columns, **parameters)


def exhaust(made: Any) -> None:
    """Pull every row of what an export yields."""
    match made:
        case Report():
            for rows in (*(sheet.rows for sheet in made.sheets), made.exceptions):
                list(rows())
        case Bundle():
            for part in made.parts():
                if isinstance(part, Records):
                    list(part.rows())
            list(made.gaps())
        case Table():
            list(made.rows())


def in_one_order(query: str) -> bool:
    """Whether a query numbers its rows (first column `position`) or sorts them, outside of all parentheses."""
    text, changed = re.sub(r"--[^\n]*|'[^']*'", "", query), 1
    while changed:
        text, changed = re.subn(r"\([^()]*\)", " ", text)
    columns = text.rpartition("SELECT")[2]
    return bool(re.match(r"\s+\w+\.position,", columns)) or "ORDER BY" in columns


@pytest.mark.parametrize("export", CATALOG, ids=lambda export: str(export.name))
def test_rows_come_in_one_order(practice: Practice, export: Export) -> None:
    """Every query that an export takes rows from numbers or sorts them: asked again it goes on where it was."""
    with practice.facts() as facts:
        requests = [export.read(export.sample(facts)), export.read(widened(export, facts))]
    asked: set[str] = set()
    for request in requests:
        with practice.facts() as facts:
            noting = _Noting(facts)
            exhaust(export.report(request, noting))
            asked |= noting.asked
    assert asked
    assert [text for text in sorted(asked - {ONE_ROW}) if not in_one_order(text)] == []


def test_a_query_without_order_is_found() -> None:
    """The law sees a query that neither numbers nor sorts, even if it sorts inside of something."""
    assert not in_one_order("SELECT n.id, string_agg(n.name, '; ' ORDER BY n.name) FROM name n")
    assert not in_one_order("SELECT id FROM (SELECT id FROM name ORDER BY id)")
    assert in_one_order("SELECT e.position, e.id FROM line e")
    assert in_one_order("SELECT id FROM name ORDER BY lower(name), id")
