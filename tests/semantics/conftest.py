"""The fixture every test of a law uses: small tenants in, reports out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.semantics.reports import ReportsOn, open_reports


@pytest.fixture
def reports_on() -> Iterator[ReportsOn]:
    with ExitStack() as stack:
        yield lambda *tenants, **meta: stack.enter_context(open_reports(*tenants, **meta))
