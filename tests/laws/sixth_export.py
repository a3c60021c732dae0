"""One more export, as a stranger to the house would add it: this module, and one line in the catalog.

It lists the asked sites. The laws run over it as over every export of the catalog.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from waybill.errors import BadRequest, NotFound
from waybill.export import (
    EXCEPTION_COLUMNS,
    AboutLine,
    Batches,
    Column,
    Export,
    Facts,
    Family,
    Field,
    Kind,
    Language,
    Received,
    Report,
    Sheet,
    Sql,
    schema_of,
)
from waybill.exports.reading import LANGUAGE_FIELD, SITE_FIELD, SiteUrl, read_flag, read_language, read_sites
from waybill.exports.scope import find_sites

_ACTIVE = Field("activeOnly", "active-only", "Leave out sites that are not active.", flag=True)
_COLUMNS = (
    Column("Site Name", width=28),
    Column("Url", Kind.LINK, 50),
    Column("Site Type", words=True),
    Column("Site State", words=True),
    Column("Principals", Kind.INT),
    Column("Last Scanned", Kind.TIME),
)
_SITES = Sql(
    "SELECT s.title, s.url, s.site_type, s.state, (SELECT count(DISTINCT principal) FROM entry e WHERE e.site = s.id), "
    "s.scanned_at FROM site s WHERE s.id IN (SELECT unnest($sites::INTEGER[])) "
    "AND (s.state = 'Active' OR NOT $active) ORDER BY s.url"
)


@dataclass(frozen=True, slots=True)
class SiteListRequest:
    """Which sites, in which language."""

    sites: tuple[SiteUrl, ...]
    active: bool
    language: Language


def read(received: Received) -> SiteListRequest:
    sites = read_sites(received)
    if not sites:
        raise BadRequest("siteUrls is required.", "Name at least one site.", SITE_FIELD.wire)
    return SiteListRequest(sites, read_flag(received, _ACTIVE.wire), read_language(received)[0])


def _known(request: SiteListRequest, facts: Facts) -> tuple[list[int], list[str]]:
    found = find_sites(request.sites, facts)
    return (
        [one.site for one in found if one.site is not None],
        [one.asked.given for one in found if one.site is None],
    )


def admit(request: SiteListRequest, facts: Facts) -> None:
    if not _known(request, facts)[0]:
        raise NotFound("None of the siteUrls is a site collection of this tenant.", "Check the URLs.")


def report(request: SiteListRequest, facts: Facts) -> Report:
    known, missing = _known(request, facts)

    def exceptions() -> Iterator[pa.RecordBatch]:
        if missing:
            lines = [
                ["Error", url, None, None, "SITE_NOT_FOUND", "There is no such site."] for url in missing
            ]
            columns = [pa.array(values, pa.string()) for values in zip(*lines, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=schema_of(EXCEPTION_COLUMNS))

    def rows() -> Batches:
        return facts.rows(_SITES, _COLUMNS, sites=known, active=request.active)

    return Report(
        request.language,
        (Sheet("Site Collections", _COLUMNS, rows),),
        exceptions,
        lambda: (AboutLine("Report", "Report", EXPORT.title),),
    )


def sample(facts: Facts) -> dict[str, tuple[str, ...]]:
    return {
        SITE_FIELD.wire: tuple(
            str(row[0]) for row in facts.table(Sql("SELECT url FROM site ORDER BY url LIMIT 9"))
        )
    }


EXPORT = Export(
    name="site-list",
    title="Site list",
    description="The asked sites, one row each.",
    family=Family.INSIGHTS,
    path="/insights/sites/list/export",
    file_stem="SiteList",
    fields=(SITE_FIELD, LANGUAGE_FIELD, _ACTIVE),
    read=read,
    admit=admit,
    report=report,
    sample=sample,
)
