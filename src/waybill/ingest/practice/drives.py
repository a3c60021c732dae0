"""Generate OneDrives as trees of folders and files whose contents can be read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.ingest.practice.columns import (
    Ints,
    Texts,
    generator,
    glued,
    ids,
    moments,
    numbers,
    picked,
    within,
    words,
)
from waybill.ingest.practice.sizes import Size
from waybill.tenant.build import SnapshotBuilder

_DAY = 86_400
_HELD = 0.96
"""Share of the files whose bytes can be had."""

_PERSONAL = (
    ("Privat", None), ("Privat/Steuer 2025", None), ("Privat/Steuer 2025/Belege", None), ("Leer", None),
    ("Privat/Lebenslauf.docx", 0), ("Privat/Steuer 2025/Übersicht.xlsx", 0), ("Privat/Steuer 2025/Belege/Beleg #1 50%.pdf", 0),
    ("Notizen été.txt", 0), ("写真 2026.jpg", 1), ("leer.txt", 2), ("Privat/Umzug & Möbel.csv", 0),
)  # fmt: skip
"""Items of everybody's OneDrive besides its listed library; None: a folder, 0: small, 1: large, 2: empty."""

_LISTED = """
SELECT a.principal AS owner, o.kind, o.kind = 'file' AS file, o.modified_at, p.upn,
    replace(replace(replace(substr(o.url, length(l.url) + 2), '%20', ' '), '%23', '#'), '%25', '%') AS path
  FROM site s
  JOIN site_admin a ON a.site = s.id AND a.is_primary
  JOIN principal p ON p.id = a.principal
  JOIN securable l ON l.site = s.id AND l.kind = 'library'
  JOIN securable o ON o.site = s.id AND o.kind IN ('folder', 'file') AND starts_with(o.url, l.url || '/')
  WHERE s.module = 'OneDrive' AND a.principal NOT IN (SELECT owner FROM drive_item)
  QUALIFY row_number() OVER (PARTITION BY s.id ORDER BY o.id) <= $most
  ORDER BY s.id, o.id"""
_OWNERS = """
SELECT DISTINCT a.principal AS owner, p.upn
  FROM site s
  JOIN site_admin a ON a.site = s.id AND a.is_primary
  JOIN principal p ON p.id = a.principal
  WHERE s.module = 'OneDrive' AND a.principal NOT IN (SELECT owner FROM drive_item)
  ORDER BY a.principal"""


def make_drives(builder: SnapshotBuilder, size: Size, seed: int) -> None:
    """Write `drive_item` for the owner of every OneDrive but those whose trap did."""
    personal = builder.connection.sql(_OWNERS).to_arrow_table()
    listed = builder.connection.sql(_LISTED, params={"most": size.drive_items}).to_arrow_table()
    _write_listed(builder, seed, listed)
    _write_personal(
        builder, seed, personal["owner"].to_numpy().astype(np.int64), personal["upn"].combine_chunks()
    )


def _write_listed(builder: SnapshotBuilder, seed: int, listed: pa.Table) -> None:
    """What the site's library holds: the same paths as its securables."""
    count = listed.num_rows
    rng = generator(seed, "drive library")
    file = np.asarray(listed["file"].to_numpy(), np.bool_)
    size = _sizes(rng, count)
    modified = listed["modified_at"].cast(pa.timestamp("us"))
    earlier = pa.array((rng.integers(0, 90 * _DAY, count) * 1_000_000).astype("timedelta64[us]"))
    held = rng.random(count) < _HELD
    builder.add("drive_item", pa.table({
        "owner": listed["owner"], "path": listed["path"], "kind": listed["kind"], "size": pa.array(size, mask=~file),
        "created_at": pc.subtract(modified, earlier), "modified_at": modified, "modified_by": listed["upn"],
        "content": pc.if_else(pa.array(file & held), _keys(seed, np.arange(count, dtype=np.int64), size), None),
    }))  # fmt: skip


def _write_personal(builder: SnapshotBuilder, seed: int, owner: Ints, upn: Texts) -> None:
    rng = generator(seed, "drive personal")
    each = len(_PERSONAL)
    row = np.repeat(np.arange(len(owner), dtype=np.int64), each)
    item = within(np.full(len(owner), each, np.int64))
    kind = np.array([3 if sort is None else sort for _, sort in _PERSONAL])[item]
    size = _sizes(rng, len(row))
    size = np.where(kind == 1, size * 40, np.where(kind == 2, 0, size))
    created = rng.integers(200 * _DAY, 900 * _DAY, len(row))
    held = rng.random(len(row)) < _HELD
    key = _keys(seed, (np.int64(1) << 40) + row * each + item, size)
    builder.add("drive_item", pa.table({
        "owner": ids(owner[row]), "path": words([path for path, _ in _PERSONAL], item),
        "kind": words(("file", "folder"), (kind == 3).astype(np.int64)), "size": pa.array(size, mask=kind == 3),
        "created_at": moments(created), "modified_at": moments(created // 3), "modified_by": picked(upn, row),
        "content": pc.if_else(pa.array((kind != 3) & held), key, None),
    }))  # fmt: skip


def _sizes(rng: np.random.Generator, count: int) -> Ints:
    """Bytes: mostly 1 to 60 KiB, one file in eighty some MiB."""
    small = np.exp(rng.normal(np.log(14_000), 0.9, count)).clip(200, 90_000)
    return np.where(rng.random(count) < 0.0125, small * 120, small).astype(np.int64)


def _keys(seed: int, number: Ints, size: Ints) -> Texts:
    return glued(f"practice:{seed}:", numbers(number), ":", numbers(size))
