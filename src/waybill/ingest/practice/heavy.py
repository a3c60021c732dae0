"""A person with very many files, for tests and measurements that need more than any size has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from waybill.ingest.practice.columns import generator, glued, moments, numbers, words
from waybill.ingest.practice.contents import practice_key
from waybill.ingest.practice.words import DOCUMENTS, EXTENSIONS

_FOLDER = 200
"""Files of one folder."""


def heavy_drive(owner: int, files: int, total: int, *, seed: int = 1) -> pa.Table:
    """Rows of `drive_item` for principal `owner`: `files` files of `total` bytes together, and their folders.

    Sizes are skewed (few large, many small), sum up exactly, and are the same for the same seed.
    """
    rng = generator(seed, "heavy drive")
    weight = np.exp(rng.normal(0.0, 1.5, files))
    ends = np.floor(np.cumsum(weight) / weight.sum() * total).astype(np.int64)
    ends[-1:] = total
    size = np.diff(ends, prepend=0)
    number = np.arange(files, dtype=np.int64)
    folders = -(-files // _FOLDER)
    name = glued(
        words(DOCUMENTS, rng.integers(0, len(DOCUMENTS), files)), " ", numbers(number), ".",
        words(EXTENSIONS, rng.integers(0, len(EXTENSIONS), files)),
    )  # fmt: skip
    box = np.arange(folders, dtype=np.int64)
    paths = [
        *glued("Bulk/Box ", numbers(box)).to_pylist(),
        *glued("Bulk/Box ", numbers(number // _FOLDER), "/", name).to_pylist(),
    ]
    keys = [practice_key(seed, (owner << 24) + place, int(of)) for place, of in enumerate(size)]
    count = 1 + len(paths)
    bare = [None] * (1 + folders)
    return pa.table({
        "owner": pa.array(np.full(count, owner, np.int32)),
        "path": pa.array(["Bulk", *paths]), "kind": pa.array(["folder"] * len(bare) + ["file"] * files),
        "size": pa.array([*bare, *(int(of) for of in size)], pa.int64()),
        "created_at": moments(rng.integers(86_400, 900 * 86_400, count)),
        "modified_at": moments(rng.integers(0, 86_400, count)),
        "modified_by": pa.nulls(count, pa.string()), "content": pa.array([*bare, *keys], pa.string()),
    })  # fmt: skip
