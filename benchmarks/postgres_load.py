"""Loads the Parquet files of a folder into PostgreSQL, integer columns all: `... postgres_load DSN FOLDER`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb
import psycopg

from benchmarks.case_all_groups import INDEXES


def load(dsn: str, folder: Path) -> None:
    with psycopg.connect(dsn, autocommit=True) as database, duckdb.connect() as read:
        for path in sorted(folder.glob("*.parquet")):
            columns = read.sql(f"FROM '{path}' LIMIT 0").columns
            database.execute(
                f"CREATE UNLOGGED TABLE {path.stem} ({', '.join(f'{one} INTEGER NOT NULL' for one in columns)})"
            )
            with tempfile.TemporaryDirectory() as scratch, database.cursor() as cursor:
                lines = Path(scratch) / "lines.csv"
                read.execute(f"COPY (FROM '{path}') TO '{lines}' (FORMAT csv, HEADER false)")
                with (
                    lines.open("rb") as file,
                    cursor.copy(f"COPY {path.stem} FROM STDIN (FORMAT csv)") as copy,
                ):
                    while chunk := file.read(1 << 20):
                        copy.write(chunk)
        for statement in INDEXES.split(";"):
            database.execute(statement)
        database.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    load(sys.argv[1], Path(sys.argv[2]))
