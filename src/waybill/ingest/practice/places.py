"""Generate securables: libraries, folders, files, lists, subsites; and decide which own an access list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.ingest.practice.columns import (
    Flags,
    Ints,
    Texts,
    generator,
    glued,
    guids,
    ids,
    moments,
    numbers,
    picked,
    quota,
    scattered,
    within,
    words,
)  # fmt: skip
from waybill.ingest.practice.sites import CLASSIC, COMMUNICATION, ONEDRIVE, Sites
from waybill.ingest.practice.sizes import Size
from waybill.ingest.practice.words import DOCUMENTS, EXTENSIONS, FOLDERS, LISTS
from waybill.tenant.build import SnapshotBuilder

ROOT, WEB, LIST, LIBRARY, FOLDER, FILE, ITEM = range(7)
_KINDS = ("root", "web", "list", "library", "folder", "file", "item")
_BLOCK = 13
"""One folder and its twelve files (tenant-data.md 4.4)."""
_BRANCH = 4
"""Subfolders of a folder, so that 100,000 files lie seven folders deep at most."""
_CHUNK = 250_000


@dataclass(frozen=True, slots=True)
class Places:
    """Numbers of the generated securables; positions count from 0, ids from `first`."""

    first: int
    start: Ints
    """Where each site's securables begin: its root. One longer than there are sites."""
    site: Ints
    """Position of the site of every securable."""
    kind: Ints
    scopes: Ints
    """Positions of the securables that own an access list, ascending."""


def make_places(
    builder: SnapshotBuilder,
    size: Size,
    seed: int,
    sites: Sites,
    *,
    first: int,
    done: Callable[[float], None],
) -> Places:
    """Write the securables of all sites, numbered from `first`; `done` hears the share written, 0 to 1."""
    rng = generator(seed, "places")
    weight = 1.0 / np.arange(1, sites.count + 1)
    counts = 2 + rng.permutation(quota(weight.tolist(), size.objects - 2 * sites.count))
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    site = np.repeat(np.arange(sites.count, dtype=np.int64), counts)
    subsite = ((sites.kind == CLASSIC) | (sites.kind == COMMUNICATION)) & (rng.random(sites.count) < 0.3)
    head = np.where(counts < 12, 2, np.where(subsite, 7, 5))
    position = within(counts) - head[site]
    kind = _kinds(position, head[site])
    parent = _parents(position, head[site], start[site])
    owns = _owners_of_lists(rng, size, site, kind, int(np.argmax(counts)))
    ends = np.searchsorted(start, np.arange(_CHUNK, size.objects + _CHUNK, _CHUNK), side="left")
    low = 0
    for high in np.minimum(np.unique(ends), sites.count):
        rows = np.arange(start[low], start[high], dtype=np.int64)
        if len(rows):
            chunk = _Chunk(
                rows,
                site[rows],
                kind[rows],
                parent[rows],
                position[rows],
                start[site[rows]],
                head[site[rows]],
            )
            builder.add("securable", _table(chunk, sites, seed, first, owns[rows]))
        low = high
        done(float(start[high]) / size.objects)
    return Places(
        first=first, start=start, site=site, kind=kind, scopes=np.flatnonzero(owns).astype(np.int64)
    )


def _kinds(position: Ints, head: Ints) -> Ints:
    """The head of a site is root, library, then list and two items, then subsite and its library; blocks follow."""
    body = np.where(position % _BLOCK == 0, FOLDER, FILE)
    return np.where(
        position >= 0,
        body,
        np.array([ROOT, LIBRARY, LIST, ITEM, ITEM, WEB, LIBRARY])[(position + head).clip(0, 6)],
    )


def _parents(position: Ints, head: Ints, start: Ints) -> Ints:
    """Global position of each securable's parent, -1 for roots."""
    in_head = start + np.array([0, 0, 0, 2, 2, 0, 5])[(position + head).clip(0, 6)]
    block, inside = position // _BLOCK, position % _BLOCK
    upper = (block - _BRANCH) // _BRANCH
    # The fourth folder of a site with a subsite stands in the subsite's library.
    library = np.where((head == 7) & (block == 3), 6, 1)
    folder = np.where(block < _BRANCH, start + library, start + head + upper * _BLOCK)
    file = start + head + block * _BLOCK
    parent = np.where(position < 0, in_head, np.where(inside == 0, folder, file))
    return np.where(position + head == 0, -1, parent)


def _owners_of_lists(rng: np.random.Generator, size: Size, site: Ints, kind: Ints, crowded: int) -> Flags:
    """Half of all securables own a list: roots, subsites, a crowd in the biggest library, folders twice as often.

    tenant-data.md 4.4 has 5 % of folders and 1 % of files; but it also has 4,000 files per member, and the
    sizes name 20: what is left out here are the files nobody ever shared.
    """
    owns = np.isin(kind, (ROOT, WEB))
    files = np.flatnonzero((site == crowded) & (kind == FILE))
    owns[rng.permutation(files)[: size.crowded_scopes]] = True
    wanted = size.objects // 2 - int(owns.sum())
    luck = rng.random(len(kind)) / np.where(kind == FOLDER, 2.0, 1.0)
    luck[owns | (site == crowded)] = np.inf
    owns[np.argsort(luck, kind="stable")[: max(0, wanted)]] = True
    return owns


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some sites' securables: global positions, and what places them."""

    rows: Ints
    site: Ints
    kind: Ints
    parent: Ints
    position: Ints
    start: Ints
    head: Ints


def _table(chunk: _Chunk, sites: Sites, seed: int, first: int, owns: Flags) -> pa.Table:
    rows = chunk.rows
    name, url = _names_and_urls(chunk, sites, seed)
    marked = scattered(seed, "label", rows, 25)
    sensitive = scattered(seed, "sensitivity", rows, 16)
    leaf = chunk.kind >= FILE
    return pa.table({
        "id": ids(first + rows), "site": ids(sites.first + chunk.site),
        "parent": ids(np.where(chunk.parent < 0, -1, first + chunk.parent)), "kind": words(_KINDS, chunk.kind),
        "name": name, "url": url, "has_acl": pa.array(owns), "guid": guids(seed, "securable", rows),
        "modified_at": moments(scattered(seed, "modified", rows, 700 * 86_400)),
        "label": words((None, "General", "Confidential"), np.where(leaf & (marked < 2), 1 + marked, 0)),
        "sensitivity": words((None, "Low", "High"), np.where(leaf & (sensitive < 2), 1 + sensitive, 0)),
        "data_type": words((None, "Financial", "Personal data"), np.where(leaf & (sensitive < 2), 1 + sensitive, 0)),
    })  # fmt: skip


def _names_and_urls(chunk: _Chunk, sites: Sites, seed: int) -> tuple[Texts, Texts]:
    site, kind, place = chunk.site, chunk.kind, chunk.position + chunk.head
    title, address = picked(sites.titles, site), picked(sites.urls, site)
    listed = words(LISTS, site % len(LISTS))
    block = np.maximum(chunk.position // _BLOCK, 0)
    inside = chunk.position % _BLOCK
    folder = words(FOLDERS, _folder_word(block, site))
    document = glued(
        words(DOCUMENTS, scattered(seed, "document", chunk.rows, len(DOCUMENTS))), " ", numbers(inside), ".",
        words(EXTENSIONS, scattered(seed, "extension", chunk.rows, len(EXTENSIONS))),
    )  # fmt: skip
    item = glued("Entry ", numbers(np.maximum(place - 2, 0)))
    name = _by_kind(
        kind, title, pa.array(["Projects"]), listed, pa.array(["Documents"]), folder, document, item
    )

    shelf = words(("Shared%20Documents", "Documents"), (sites.kind[site] == ONEDRIVE).astype(np.int64))
    in_subsite = (chunk.head == 7) & ((place == 6) | ((chunk.position >= 0) & (_top(block) == 3)))
    library = glued(words(("/", "/projects/"), in_subsite.astype(np.int64)), shelf)
    path = glued(library, _folder_path(block, site))
    nothing = pa.array([""])
    tail = _by_kind(
        kind, nothing, pa.array(["/projects"]), glued("/Lists/", listed), library, path, glued(path, "/", document),
        glued("/Lists/", listed, "/", numbers(np.maximum(place - 2, 0)), "_.000"),
    )  # fmt: skip
    return name, glued(address, pc.replace_substring(tail, " ", "%20"))


def _by_kind(kind: Ints, *columns: Texts) -> Texts:
    """Row by row the column of its kind; a column of one value holds for all rows."""
    rows = np.arange(len(kind), dtype=np.int64)
    starts = np.cumsum([0] + [len(column) for column in columns])[:-1]
    width = np.array([len(column) for column in columns])
    whole = pa.chunked_array(list(columns)).combine_chunks()
    return picked(whole, starts[kind] + np.where(width[kind] == 1, 0, rows))


def _folder_word(block: Ints, site: Ints) -> Ints:
    """Folders side by side have consecutive numbers, so different words."""
    return (block * 7 + site * 3) % len(FOLDERS)


def _top(block: Ints) -> Ints:
    """The folder at the top of a block's path: 0 to 3."""
    block = block.copy()
    while (block >= _BRANCH).any():
        block = np.where(block >= _BRANCH, (block - _BRANCH) // _BRANCH, block)
    return block


def _folder_path(block: Ints, site: Ints) -> Texts:
    """`/Drafts/Minutes/...` down to each block's folder."""
    path = glued("/", words(FOLDERS, _folder_word(block, site)))
    current = block
    while (current >= _BRANCH).any():
        below = current < _BRANCH
        current = np.where(below, current, (current - _BRANCH) // _BRANCH)
        # Index len(FOLDERS) is the empty word: this path has reached its top already.
        word = np.where(below, len(FOLDERS), _folder_word(current, site))
        path = glued(words((*(f"/{name}" for name in FOLDERS), ""), word), path)
    return path
