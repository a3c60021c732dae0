"""Rows as reports have them, made once: 15 columns of text, numbers, a date and a time, in Parquet.

Eleven text columns: six of 4 to 12 values, some of up to 20,000, one nearly unique, one with `&` and one
with `<>` in every value (the worst there is for escaping). The same number gives the same row in every size.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

NAMES = (
    "Module", "Site Name", "Url", "Object Type", "Principal Name", "Email", "Principal Type", "Permission",
    "Inherit Type", "Status", "Access Path", "Members", "Depth", "Day", "Last Modified",
)  # fmt: skip
TEXTS = 11
TYPES = ("VARCHAR",) * TEXTS + ("BIGINT", "BIGINT", "DATE", "TIMESTAMP")

_MAKE = """
COPY (
  WITH n AS (SELECT range AS i, (hash(range) >> 1)::BIGINT AS h FROM range($rows))
  SELECT
    ['Microsoft Teams', 'SharePoint Online', 'OneDrive', 'Microsoft 365 Group'][1 + h % 4] AS "Module",
    'Sales & Marketing ' || (h >> 8) % 20000 AS "Site Name",
    'https://contoso.sharepoint.com/sites/team-' || (h >> 8) % 20000 || '/Shared Documents/Folder '
      || (h >> 24) % 997 || '/Document ' || i || '.docx' AS "Url",
    ['Site Collection', 'Site', 'List', 'Library', 'Folder', 'File'][1 + (h >> 3) % 6] AS "Object Type",
    'Person <' || (h >> 16) % 20000 || '>' AS "Principal Name",
    'person' || (h >> 16) % 20000 || '@contoso.example' AS "Email",
    ['User', 'Security Group', 'SharePoint Group', 'Sharing Link', 'Microsoft 365 Group', 'External User',
     'Special Group', 'Directory Role'][1 + (h >> 5) % 8] AS "Principal Type",
    ['Full Control', 'Design', 'Edit', 'Contribute', 'Read', 'Restricted View'][1 + (h >> 7) % 6] AS "Permission",
    ['Unique', 'Inheritance', 'Partly', 'Unknown'][1 + (h >> 11) % 4] AS "Inherit Type",
    ['Active', 'Blocked', 'Soft-deleted', 'Deleted', 'Invited', 'Unresolved', 'Id mismatch', 'None', 'Other 1',
     'Other 2', 'Other 3', 'Other 4'][1 + (h >> 13) % 12] AS "Status",
    'Finance -> member of Team ' || (h >> 20) % 2000 || ' -> SharePoint group "Members"' AS "Access Path",
    ((h >> 10) % 100000)::BIGINT AS "Members",
    ((h >> 2) % 12)::BIGINT AS "Depth",
    DATE '2020-01-01' + ((h >> 9) % 2300)::INTEGER AS "Day",
    TIMESTAMP '2020-01-01' + to_seconds(((h >> 12) % 200000000)::BIGINT) AS "Last Modified"
  FROM n ORDER BY i
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def make_rows(path: Path, rows: int) -> None:
    """Write `rows` rows to `path`."""
    quoted = str(path).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(_MAKE.replace("{path}", quoted), {"rows": rows})


def source(path: str) -> str:
    """The FROM clause that reads the rows back."""
    return "read_parquet('" + path.replace("'", "''") + "')"


def checksum_of(columns: str = "*") -> str:
    """SQL of (count, checksum) of a relation `rows`, whatever the order of its rows."""
    return f"SELECT count(*), (sum(hash(t)) % 18446744073709551557)::VARCHAR FROM (SELECT {columns} FROM rows) AS t"
