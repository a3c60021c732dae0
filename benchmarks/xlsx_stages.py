"""Where the time of the XLSX writer goes: CPU seconds of each stage, scaled to a million rows.

Run: `python -m benchmarks.xlsx_stages --rows 200000`. The stages run one after another in one thread on
batches held in memory, the best of several rounds, so the parts add up to less than a whole export (which
also has cold caches, two threads and a file). Its figures are in docs/decisions/0002-own-xlsx-writer.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
from isal import isal_zlib

from benchmarks.rows import make_rows, source
from waybill.files.cells import cells, rows

BATCH_ROWS = 10_240
BLOCK = 1 << 18
ROUNDS = 5


def _read(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[pa.RecordBatch]:
    relation = connection.sql(f'SELECT * REPLACE ("Day"::TIMESTAMP AS "Day") FROM {source(str(path))}')
    yield from relation.to_arrow_reader(BATCH_ROWS)


def _deflate(pieces: list[memoryview]) -> int:
    deflate, size = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15, 9), 0
    for piece in pieces:
        for start in range(0, len(piece), BLOCK):
            size += len(deflate.compress(piece[start : start + BLOCK]))
    return size + len(deflate.flush())


def _crc(pieces: list[memoryview]) -> None:
    crc = 0
    for piece in pieces:
        for start in range(0, len(piece), BLOCK):
            crc = isal_zlib.crc32(piece[start : start + BLOCK], crc)


def _measure(stages: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least CPU seconds of each stage; all stages in turn in each round."""
    best = dict.fromkeys(stages, float("inf"))
    for _ in range(ROUNDS):
        for name, stage in stages.items():
            start = time.process_time()
            stage()
            best[name] = min(best[name], time.process_time() - start)
    return best


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=200_000)
    count: int = arguments.parse_args().rows
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"threads": 1}) as connection,
    ):
        path = Path(folder) / "rows.parquet"
        make_rows(path, count)
        batches = list(_read(connection, path))
        made = [[cells(column) for column in batch.columns] for batch in batches]
        pieces = [rows(columns)[0] for columns in made]
        columns = {
            f"  cells: {name}": lambda place=place: [cells(batch.column(place)) for batch in batches]
            for place, name in enumerate(batches[0].schema.names)
        }
        found = _measure(
            {
                "read by DuckDB": lambda: sum(batch.num_rows for batch in _read(connection, path)),
                "cells": lambda: [[cells(column) for column in batch.columns] for batch in batches],
                **columns,
                "rows": lambda: [rows(columns) for columns in made],
                "crc": lambda: _crc(pieces),
                "deflate": lambda: _deflate(pieces),
            }
        )
    limit = found["crc"] + found["deflate"]
    print(f"{count:,} rows, {sum(len(piece) for piece in pieces) / 1e6:,.0f} MB of XML")
    print(f"{'stage':28} {'s for 1 M rows':>14} {'x limit':>8}")
    for name, seconds in found.items():
        print(f"{name:28} {seconds * 1e6 / count:14.3f} {seconds / limit:8.2f}")


if __name__ == "__main__":
    main()
