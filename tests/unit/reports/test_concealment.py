"""Concealed names: pseudonyms that can be joined and not reversed, and the settings behind them (graph.md 7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from tests.semantics.activity_tenant import TENANT_ID
from tests.unit.reports.conftest import Press
from waybill import audit
from waybill.errors import DataProblem
from waybill.export import Column, Kind, Table, schema_of
from waybill.jobs.report_concealment import ZERO_GUID, concealed, pseudonym
from waybill.jobs.report_settings import ReportSettings, report_key_table
from waybill.sealing import Sealer

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
COLUMNS = (Column("Group"), Column("Owner"), Column("Id"), Column("Count", Kind.INT))


def table_of(rows: list[tuple[str | None, str | None, str | None, int]], *, secret: bool = True) -> Table:
    schema = schema_of(COLUMNS)
    arrays = [pa.array([row[n] for row in rows], kind) for n, kind in enumerate(schema.types)]
    batches = pa.Table.from_arrays(arrays, schema=schema).to_batches(2)
    names, ids = frozenset({"Group", "Owner"}), frozenset({"Id"})
    if not secret:
        names = ids = frozenset()
    return Table("toy", COLUMNS, ("a", "b", "c", "d"), lambda: iter(batches), names=names, ids=ids)


def rows_of(table: Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for batch in table.rows() for row in batch.to_pylist()]


ROWS: list[tuple[str | None, str | None, str | None, int]] = [
    ("Alpha", "x@contoso.com", "1", 1), ("Beta", None, "2", 2), ("Gamma", "x@contoso.com", "3", 3),
    ("", "y@contoso.com", None, 4), (None, None, "5", 5),
]  # fmt: skip


def test_t22_names_become_pseudonyms_and_ids_zeros() -> None:
    """Names are 32 upper-case hex digits, ids all zeros, what is missing stays missing, numbers stay."""
    rows = {row[3]: row for row in rows_of(concealed(table_of(ROWS), KEY))}
    assert rows == {
        1: (pseudonym(KEY, "Alpha"), pseudonym(KEY, "x@contoso.com"), ZERO_GUID, 1),
        2: (pseudonym(KEY, "Beta"), None, ZERO_GUID, 2),
        3: (pseudonym(KEY, "Gamma"), pseudonym(KEY, "x@contoso.com"), ZERO_GUID, 3),
        4: ("", pseudonym(KEY, "y@contoso.com"), None, 4),
        5: (None, None, ZERO_GUID, 5),
    }
    assert set(pseudonym(KEY, "Alpha")) <= set("0123456789ABCDEF")
    assert len(pseudonym(KEY, "Alpha")) == 32


def test_the_order_of_rows_gives_no_name_away() -> None:
    """Concealed rows come in the order of their pseudonyms, which the order they came in does not change."""
    shown = rows_of(concealed(table_of(ROWS), KEY))
    assert shown == rows_of(concealed(table_of(ROWS[::-1]), KEY))
    names = [row[0] for row in shown if row[0]]
    assert names == sorted(names)


def test_another_tenants_pseudonyms_are_others() -> None:
    """The same name under another key is another pseudonym."""
    assert pseudonym(KEY, "Alpha") != pseudonym(OTHER_KEY, "Alpha")


def test_a_table_without_names_is_left_alone() -> None:
    """A table that declares neither names nor ids is the very same table."""
    table = table_of(ROWS, secret=False)
    assert concealed(table, KEY) is table


def test_names_are_concealed_until_a_tenant_says_otherwise(press: Press) -> None:
    """The default is true; a change is kept, audited, and of one tenant only."""
    assert press.settings.conceals(TENANT_ID)
    press.settings.set_conceals(TENANT_ID, False, "the-app")
    press.settings.set_conceals(TENANT_ID, False, "the-app")
    assert not press.settings.conceals(TENANT_ID)
    assert press.settings.conceals("another")
    lines = audit.entries(press.control, TENANT_ID)
    assert [(line.action, line.client_id, line.detail) for line in lines] == [
        ("reportsettings.change", "the-app", {"displayConcealedNames": False})
    ] * 2


def test_a_tenants_key_is_made_once_and_sealed(press: Press) -> None:
    """Threads that ask at once get one key, which is not in the control store in the clear."""
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: press.settings.key(TENANT_ID), range(16)))
    assert len(keys) == 1
    key = keys.pop()
    assert len(key) == 32
    with press.control.connect() as connection:
        assert key not in bytes(connection.execute(sa.select(report_key_table.c.sealed)).scalar_one())
    assert press.settings.key("another") != key


def test_a_key_of_another_key_file_is_said_to_be_so(press: Press) -> None:
    """A control store beside the wrong key file is a problem with words, not new pseudonyms."""
    press.settings.key(TENANT_ID)
    with pytest.raises(DataProblem, match=r"sealing\.key"):
        ReportSettings(press.control, Sealer(b"x" * 32), press.time.clock).key(TENANT_ID)
