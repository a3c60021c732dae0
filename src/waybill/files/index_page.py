"""index.html: one page that a person can read without tools, to what is in an export of their data.

One file without script, fonts or images from elsewhere; every text that comes from the tenant is
escaped and isolated, so that no name can become markup or turn the line around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from typing import TextIO
from urllib.parse import quote

from waybill.files.manifest import MANIFEST, Contents, Entry, age_in_seconds

MEDIA_TYPE = "text/html; charset=utf-8"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8886; }
td.number, th.number { text-align: right; white-space: nowrap; }
td { overflow-wrap: anywhere; } dt { font-weight: 600; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
.small { font-size: .85rem; opacity: .75; } .gaps { border-left: .3rem solid #c33; padding-left: 1rem; }
@media print { body { max-width: none; margin: 0; font-size: 11px; } a { color: inherit; } tr { break-inside: avoid; } }
"""


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
        f"<h1>Personal data of {_text(name)}</h1>\n"
    )
    yield from _summary(contents)
    yield from _gaps(contents)
    yield from _products(contents)
    yield from _empty(contents)
    yield from _about(contents)
    yield "</body>\n</html>\n"


def _summary(contents: Contents) -> Iterator[str]:
    origin = contents.origin
    size = sum(entry.size for entry in contents.files)
    facts = (
        ("Person", f"{origin.display_name} ({origin.user_id})"),
        ("Organisation", origin.tenant),
        ("Asked for", _when(origin.submitted)),
        (
            "State of the data",
            f"{_when(origin.as_of)}, {_age(origin.as_of, origin.submitted)} old when it was asked for",
        ),
        ("Operation", origin.operation),
        ("Files", f"{len(contents.files):,}, together {_size(size)}"),
    )
    yield "<dl>\n"
    for item, value in facts:
        yield f"<dt>{escape(item)}</dt><dd>{_text(value)}</dd>\n"
    yield (
        f"</dl>\n<p>{_link(MANIFEST)} lists every file with its size and SHA-256, for programs. Files that end in "
        ".json are plain text: any browser or editor opens them.</p>\n"
    )


def _gaps(contents: Contents) -> Iterator[str]:
    if not contents.gaps:
        yield "<p>Nothing that belongs into this export is known to be missing.</p>\n"
        return
    yield f'<section class="gaps">\n<h2>What is missing ({len(contents.gaps):,})</h2>\n'
    yield "<p>This belongs into the export, and could not be read.</p>\n"
    yield from _table(("What", "Why"), ((_text(gap.path), _text(gap.reason)) for gap in contents.gaps))
    yield "</section>\n"


def _products(contents: Contents) -> Iterator[str]:
    products: dict[str, list[Entry]] = {}
    for entry in contents.files:
        products.setdefault(entry.product, []).append(entry)
    for product, entries in products.items():
        yield f"<h2>{_text(product)}</h2>\n"
        yield "<table>\n<thead><tr><th>File</th><th>What it is</th>"
        yield '<th class="number">Records</th><th class="number">Size</th></tr></thead>\n<tbody>\n'
        for entry in entries:
            rows = "" if entry.rows is None else f"{entry.rows:,}"
            yield (
                f"<tr><td>{_link(entry.path)}</td>"
                f'<td>{_text(entry.title)}<br><span class="small">{_text(entry.source)}</span></td>'
                f'<td class="number">{rows}</td><td class="number">{_size(entry.size)}</td></tr>\n'
            )
        yield "</tbody>\n</table>\n"


def _empty(contents: Contents) -> Iterator[str]:
    if contents.empty:
        yield f"<h2>Looked for, and there is none ({len(contents.empty):,})</h2>\n"
        cells = ((_text(one.product), _text(one.title), _text(one.source)) for one in contents.empty)
        yield from _table(("Product", "What was looked for", "Where"), cells)


def _about(contents: Contents) -> Iterator[str]:
    if contents.about:
        yield "<h2>About this export</h2>\n"
        lines = ((_text(line.section), _text(line.item), _text(line.value)) for line in contents.about)
        yield from _table(("", "", ""), lines)


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "<table>\n"
    if any(heads):
        yield "<thead><tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr></thead>\n"
    yield "<tbody>\n"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n"
    yield "</tbody>\n</table>\n"


def _text(text: str) -> str:
    # <bdi> keeps characters that turn the direction of writing within their own cell.
    return f"<bdi>{escape(text)}</bdi>"


def _link(path: str) -> str:
    # "./" first, so that no path can be taken for a URL of its own ("javascript:...").
    target = "./" + "/".join(quote(segment, safe="") for segment in path.split("/"))
    return f'<a href="{escape(target)}">{_text(path)}</a>'


def _when(moment: datetime) -> str:
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return f"{utc:%Y-%m-%d %H:%M} UTC"


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
