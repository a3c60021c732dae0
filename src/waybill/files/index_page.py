"""index.html: one page on which a person reads, without tools, what an export of their data holds.

One file without script, fonts or images from elsewhere; every text that comes from the tenant is
escaped and isolated, so that no name can become markup or turn the line around it. It shows the first
records of each file and stays within some 1 MB, however much there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from typing import TextIO
from urllib.parse import quote

from waybill.files.manifest import MANIFEST, REQUEST_INFO, Contents, Entry, age_in_seconds
from waybill.files.record_view import SHOWN, isolated, plain_time, until, view

MEDIA_TYPE = "text/html; charset=utf-8"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; } h3 { font-size: 1.05rem; margin: 1.5rem 0 0; }
p { margin: .3rem 0; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8886; }
td.number, th.number { text-align: right; white-space: nowrap; }
td { overflow-wrap: anywhere; } dt { font-weight: 600; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
details { margin: .5rem 0 0 .5rem; border-left: .2rem solid #8886; padding-left: .8rem; }
summary { cursor: pointer; } .small { font-size: .85rem; opacity: .8; }
.gaps { border-left: .3rem solid #c33; padding-left: 1rem; }
@media print { body { max-width: none; margin: 0; font-size: 11px; } a { color: inherit; } tr { break-inside: avoid; } }
"""
_RECORD_BYTES = 600_000
_MOST_OF_ONE, _LEAST_OF_ONE = 120_000, 12_000
"""What all records together may take of the page, and those of one file."""
_GAP_BYTES = 100_000
_FILE_BYTES = 250_000
"""A list ends, and says so, after the line that goes beyond this size."""


def write_index(file: TextIO, contents: Contents) -> None:
    """Write the page; `file` takes UTF-8."""
    for piece in _page(contents):
        file.write(piece)


def _page(contents: Contents) -> Iterator[str]:
    name = contents.origin.display_name or contents.origin.user_id
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>Personal data of {escape(name)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>Personal data of {isolated(name)}</h1>\n"
    )
    yield from _summary(contents)
    yield from _gaps(contents)
    yield from _products(contents)
    yield from _empty(contents)
    yield from _for_administrators(contents)
    yield "</body>\n</html>\n"


def _summary(contents: Contents) -> Iterator[str]:
    origin = contents.origin
    organisation = f"{origin.organisation} ({origin.tenant})" if origin.organisation else origin.tenant
    facts = (
        ("Organisation", isolated(organisation)),
        ("Person", isolated(f"{origin.display_name} ({origin.user_id})")),
        ("Asked for", escape(plain_time(origin.submitted))),
        ("State of the data", "<br>".join(_ages(contents))),
        ("Files", f"{_files_in_all(contents):,}, this page among them"),
    )
    yield "<dl>\n"
    for item, value in facts:
        yield f"<dt>{escape(item)}</dt><dd>{value}</dd>\n"
    yield (
        "</dl>\n<p>This page was made by the organisation's own service. It shows what that service holds about "
        "the person; times are in UTC. If you have a question about it, or something is not right, ask the "
        f"organisation named above.</p>\n<p>Each part shows at most the first {SHOWN} records, long texts cut short; "
        "everything is in the files beside this page. Those that end in .json are plain text: any browser or "
        "editor opens them.</p>\n"
    )
    if contents.not_covered:
        yield f"<p>Not covered: {isolated(contents.not_covered)}</p>\n"


def _files_in_all(contents: Contents) -> int:
    """As many as the manifest says: it lists this page and not itself."""
    return len(contents.files) + 1


def _ages(contents: Contents) -> Iterator[str]:
    """The time of the data, told by source where sources differ."""
    origin = contents.origin
    whole = f"{plain_time(origin.as_of)}, {_age(origin.as_of, origin.submitted)} old when it was asked for"
    times: dict[str, datetime] = {}
    for entry in contents.files:
        if entry.path != REQUEST_INFO:
            times[entry.source] = min(times.get(entry.source, entry.as_of), entry.as_of)
    others = {
        source: moment for source, moment in times.items() if plain_time(moment) != plain_time(origin.as_of)
    }
    yield escape(whole) + ("; but:" if others else "")
    for source, moment in others.items():
        yield f"{isolated(source)}: {plain_time(moment)}, {_age(moment, origin.submitted)} old"


def _gaps(contents: Contents) -> Iterator[str]:
    if not contents.gaps:
        yield "<p>Nothing that belongs in this export is known to be missing.</p>\n"
        return
    yield f'<section class="gaps">\n<h2>What is missing ({len(contents.gaps):,})</h2>\n'
    yield "<p>This belongs in this export but could not be read.</p>\n"
    rows = (_row(isolated(gap.path), isolated(gap.reason)) for gap in contents.gaps)
    yield from _table(("What", "Why"), rows, len(contents.gaps), _GAP_BYTES)
    yield "</section>\n"


def _products(contents: Contents) -> Iterator[str]:
    products: dict[str, list[Entry]] = {}
    for entry in contents.files:
        if entry.path != REQUEST_INFO:
            products.setdefault(entry.product, []).append(entry)
    left = _RECORD_BYTES
    for product, entries in products.items():
        yield f"<h2>{isolated(product)}</h2>\n"
        for entry in entries:
            if entry.path in contents.samples:
                shown = "".join(_records(contents, entry, max(_LEAST_OF_ONE, min(left, _MOST_OF_ONE))))
                left -= len(shown.encode("utf-8", "replace"))
                yield shown
        others = [entry for entry in entries if entry.path not in contents.samples]
        if others:
            yield from _files(others)


def _records(contents: Contents, entry: Entry, most: int) -> Iterator[str]:
    """A file of records: what it tells, and its first ones."""
    sample = contents.samples[entry.path]
    total = entry.rows if entry.rows is not None else len(sample.rows)
    yield f"<h3>{isolated(entry.title)}</h3>\n"
    if sample.wording.tells:
        yield f"<p>{isolated(sample.wording.tells)}</p>\n"
    counted = "1 record" if total == 1 else f"{total:,} records"
    yield (
        f'<p class="small">{_link(entry.path)}: {counted}, {_size(entry.size)}. '
        f"Source: {isolated(entry.source)}.</p>\n"
        f"<details{' open' if sample.wording.unfolded else ''}><summary>{counted}</summary>\n"
    )
    yield from view(sample, total, entry.path, most)
    yield "</details>\n"


def _files(entries: list[Entry]) -> Iterator[str]:
    """Files as they are."""
    rows = (
        _row(
            f'{_link(entry.path)}<br><span class="small">{isolated(entry.source)}</span>',
            isolated(entry.title),
            _size(entry.size),
        )
        for entry in entries
    )
    yield from _table(("File", "What it is", "Size"), rows, len(entries), _FILE_BYTES)


def _empty(contents: Contents) -> Iterator[str]:
    if contents.empty:
        yield f"<h2>Looked for, and there is none ({len(contents.empty):,})</h2>\n"
        rows = (
            _row(isolated(one.product), isolated(one.title), isolated(one.source)) for one in contents.empty
        )
        yield from _table(("Product", "What was looked for", "Where"), rows, len(contents.empty), _GAP_BYTES)


def _for_administrators(contents: Contents) -> Iterator[str]:
    """What the person concerned need not read."""
    yield (
        f"<h2>For administrators</h2>\n<p>{_link(MANIFEST)} lists all {_files_in_all(contents):,} files with "
        "size, SHA-256, source and age, for programs.</p>\n"
    )
    for entry in contents.files:
        if entry.path == REQUEST_INFO:
            yield f"<p>{_link(entry.path)}: {isolated(entry.title)}</p>\n"
    rows = [_row("", "Operation", isolated(contents.origin.operation))]
    told = (contents.not_covered, contents.origin.display_name)  # above, and once is enough
    rows += [
        _row(*map(isolated, (one.section, one.item, one.value)))
        for one in contents.about
        if one.value not in told
    ]
    yield from _table((), rows, len(rows), _GAP_BYTES)


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"


def _table(heads: tuple[str, ...], rows: Iterable[str], count: int, most: int) -> Iterator[str]:
    """`count` rows, or those of the first `most` bytes and how many more there are."""
    yield "<table>\n"
    if heads:
        yield "<thead><tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr></thead>\n"
    yield "<tbody>\n"
    shown = yield from until(most, rows)
    yield "</tbody>\n</table>\n"
    if count > shown:
        yield f'<p class="small">… and {count - shown:,} more, which {MANIFEST} lists.</p>\n'


def _link(path: str) -> str:
    # "./" first, so that no path can be taken for a URL of its own ("javascript:...").
    target = "./" + "/".join(quote(segment, safe="") for segment in path.split("/"))
    return f'<a href="{escape(target)}">{isolated(path)}</a>'


def _age(as_of: datetime, submitted: datetime) -> str:
    hours = age_in_seconds(as_of, submitted) // 3600
    return f"{hours // 24:,} days" if hours >= 48 else f"{hours} hours"


def _size(size: int) -> str:
    value, unit = float(size), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{size:,} bytes" if unit == "bytes" else f"{value:,.1f} {unit}"
