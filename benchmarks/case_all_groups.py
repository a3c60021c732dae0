"""All groups, option 3: how much each group of the tenant reaches, against plain recursive SQL and pandas.

The peers are given the membership edges and the live grants that a snapshot has derived already, so
they only do the recursion and the sums. What must agree: objects, site collections and highest level of every group.
"""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.case_group_report import SOURCES
from benchmarks.child import work
from benchmarks.model import Answer, Contender, Given, Plan, Role, Target
from benchmarks.place import Place
from benchmarks.postgres import Postgres, running_postgres

TITLE = "All groups, option 3"
REQUEST = json.dumps({"exportOptionType": ["3"], "dataSources": SOURCES})

SEED = """
SELECT p.id AS grp, p.id AS principal FROM principal p WHERE {groups}
UNION ALL
SELECT p.id, o.id FROM principal p JOIN principal o ON o.kind = 'm365_owners' AND o.of_group = p.id WHERE {groups}
""".format(
    groups="p.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group', 'external_group')"
)
GRANTS = """
SELECT g.principal, g.securable, g.site, CASE WHEN g.is_admin THEN 1 ELSE 0 END AS admin,
  CASE WHEN o.kind IN ('root', 'web') THEN 1 ELSE 0 END AS rooted, l.rank::INTEGER AS rank
FROM live_grant_by_principal g JOIN securable o ON o.id = g.securable JOIN level l ON l.id = g.level
JOIN site s ON s.id = g.site WHERE s.state <> 'Deleted'
"""
TABLES = {"seed": SEED, "edge": "SELECT container, member FROM edge", "grants": GRANTS}
PLAIN = """
WITH RECURSIVE up(grp, principal) AS (
  SELECT grp, principal FROM seed
  UNION
  SELECT u.grp, e.container FROM up u JOIN edge e ON e.member = u.principal
)
SELECT u.grp, count(DISTINCT CASE WHEN g.admin = 0 THEN g.securable END) AS objects,
  count(DISTINCT CASE WHEN g.rooted = 1 THEN g.site END) AS sites, max(g.rank) AS highest
FROM up u JOIN grants g ON g.principal = u.principal
GROUP BY u.grp
"""
INDEXES = "CREATE INDEX edge_member ON edge (member); CREATE INDEX grants_principal ON grants (principal)"


def plan(place: Place, stack: ExitStack) -> Plan:
    snapshot = place.snapshot(place.tenant)
    stamp = f"{snapshot.stem}-{snapshot.stat().st_mtime_ns}"
    given: Given = {
        "export": "group-access",
        "received": REQUEST,
        "snapshot": str(snapshot),
        "scratch": str(place.scratch / "all-groups"),
    }
    parquet = place.child_once(f"groups-{stamp}", "all_groups", snapshot=str(snapshot), kind="parquet")
    sqlite = place.child_once(f"groups-{stamp}.sqlite", "all_groups", parquet=str(parquet), kind="sqlite")
    duckdb = place.child_once(f"groups-{stamp}.duckdb", "all_groups", parquet=str(parquet), kind="duckdb")
    server = running_postgres(stack, parquet)
    base: Given = {"snapshot": str(snapshot)}
    check = "objects, sites and highest level of every group"
    return Plan(
        contenders=(
            Contender("waybill", "Waybill, the Summary sheet's rows", Role.OURS, given, check=check),
            Contender(
                "duckdb",
                "DuckDB, plain recursive SQL",
                Role.PEER,
                {**base, "database": str(duckdb)},
                rounds=3,
                check=check,
            ),
            Contender(
                "pandas", "pandas", Role.PEER, {**base, "parquet": str(parquet)}, rounds=1, check=check
            ),
            Contender(
                "sqlite",
                "SQLite, the same SQL, indexed",
                Role.PEER,
                {**base, "database": str(sqlite)},
                rounds=1,
                check=check,
            ),
            *_postgres_contender(server, base, check),
            Contender(
                "waybill-zip",
                "Waybill, whole report with all members, to the finished ZIP",
                Role.OURS,
                given,
                check="",
            ),
        ),
        targets=(
            Target(
                "at least 4 x faster than plain SQL in DuckDB",
                "waybill",
                "work_wall",
                ("duckdb",),
                at_least=4,
                inverse=True,
            ),
            Target("the same in CPU seconds", "waybill", "work_cpu", ("duckdb",), at_least=4, inverse=True),
            Target(
                "at least 20 x faster than SQLite",
                "waybill",
                "work_wall",
                ("sqlite",),
                at_least=20,
                inverse=True,
            ),
            Target("peak memory under 500 MB", "waybill", "peak_mb", at_most=500e6 / 2**20),
            Target("whole report: peak memory under 500 MB", "waybill-zip", "peak_mb", at_most=500e6 / 2**20),
        ),
        main="work_wall",
        main_title="seconds",
        facts=(
            f"{place.tenant} practice tenant",
            "peers start from derived membership edges and live grants",
        ),
    )


def _postgres_contender(server: Postgres | None, base: Given, check: str) -> tuple[Contender, ...]:
    if server is None:
        return ()
    title = "PostgreSQL, the same SQL, indexed (memory: the client's)"
    return (
        Contender("postgres", title, Role.PEER, {**base, "dsn": server.dsn}, 1, check, service=server.pid),
    )


def prepare(path: Path, given: Given) -> None:
    import duckdb

    match given["kind"]:
        case "parquet":
            path.mkdir(parents=True)
            with duckdb.connect(str(given["snapshot"]), read_only=True) as facts:
                for name, statement in TABLES.items():
                    facts.execute(f"COPY ({statement}) TO '{path / name}.parquet'")
        case "duckdb":
            with duckdb.connect(str(path)) as made:
                for name in TABLES:
                    made.execute(f"CREATE TABLE {name} AS FROM '{given['parquet']}/{name}.parquet'")
        case _:
            _prepare_sqlite(path, str(given["parquet"]))


def _prepare_sqlite(path: Path, parquet: str) -> None:
    import sqlite3

    import duckdb

    made = sqlite3.connect(path)
    with duckdb.connect() as read:
        for name in TABLES:
            reader = read.sql(f"FROM '{parquet}/{name}.parquet'").to_arrow_reader(100_000)
            columns = reader.schema.names
            made.execute(f"CREATE TABLE {name} ({', '.join(f'{one} INTEGER NOT NULL' for one in columns)})")
            for batch in reader:
                lists = (column.to_pylist() for column in batch.columns)
                made.executemany(
                    f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", zip(*lists, strict=True)
                )
    made.executescript(INDEXES)
    made.execute("ANALYZE")
    made.commit()
    made.close()


def contend(name: str, given: Given) -> Answer:
    if name == "waybill-zip":
        return _whole(given)
    module, run = _WAYS[name]
    importlib.import_module(module)  # what starting costs is not the question here
    with work() as done:
        rows = run(given)
    if name != "waybill":
        rows = _named(rows, str(given["snapshot"]))
    return Answer(len(rows), _checksum(rows), done.wall, done.cpu)


def _checksum(rows: Sequence[tuple[Any, ...]]) -> str:
    """Of (Entra id, objects, sites, highest level) in any order."""
    import hashlib

    whole = sum(int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=8).digest()) for row in rows)
    return f"{whole % 2**64:016x}"


def _named(rows: Sequence[tuple[Any, ...]], snapshot: str) -> list[tuple[Any, ...]]:
    """The peers' rows by Entra id and level name, groups that reach nothing included, as Summary has them."""
    import duckdb

    with duckdb.connect(snapshot, read_only=True) as facts:
        names = dict(
            facts.execute(
                f"SELECT id, entra_id FROM principal WHERE id IN (SELECT grp FROM ({SEED}))"
            ).fetchall()
        )
        levels = dict(facts.execute("SELECT rank::INTEGER, min(name) FROM level GROUP BY rank").fetchall())
    found = {
        int(grp): (int(objects), int(sites), levels[int(highest)]) for grp, objects, sites, highest in rows
    }
    return [(entra, *found.get(grp, (0, 0, None))) for grp, entra in names.items() if entra]


def _ours(given: Given) -> list[tuple[Any, ...]]:
    """The Summary sheet as the report streams it: every column is made, four are kept to compare."""
    from benchmarks.reports import asked, facts_of, report_of

    request = asked(given)
    kept: list[tuple[Any, ...]] = []
    with facts_of(request.snapshot, request.scratch) as facts:
        sheet = report_of(request, facts).sheets[0]
        for batch in sheet.rows():
            columns = (
                "Group ID",
                "Objects with Unique Access",
                "Site Collections with Access",
                "Highest Permission",
            )
            kept += zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
    return [row for row in kept if row[0] and len(row[0]) == 36 and row[0].count("-") == 4]


def _duckdb(given: Given) -> list[tuple[Any, ...]]:
    import duckdb

    with duckdb.connect(str(given["database"]), read_only=True, config={"threads": 2}) as database:
        return database.execute(PLAIN).fetchall()


def _sqlite(given: Given) -> list[tuple[Any, ...]]:
    import sqlite3

    database = sqlite3.connect(f"file:{given['database']}?mode=ro", uri=True)
    database.execute("PRAGMA cache_size = -500000")
    rows = database.execute(PLAIN).fetchall()
    database.close()
    return rows


def _postgres(given: Given) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(str(given["dsn"])) as database:
        database.execute("SET work_mem = '256MB'")
        return database.execute(PLAIN).fetchall()


def _pandas(given: Given) -> list[tuple[Any, ...]]:
    import pandas as pd

    seed, edge, grants = (pd.read_parquet(f"{given['parquet']}/{name}.parquet") for name in TABLES)
    up = fresh = seed
    while len(fresh):
        step = fresh.merge(edge, left_on="principal", right_on="member")[["grp", "container"]]
        step = step.rename(columns={"container": "principal"}).drop_duplicates()
        both = step.merge(up, how="left", on=["grp", "principal"], indicator=True)
        fresh = both[both["_merge"] == "left_only"][["grp", "principal"]]
        up = pd.concat([up, fresh], ignore_index=True)
    hits = up.merge(grants, on="principal")
    highest = hits.groupby("grp")["rank"].max()
    objects = hits[hits["admin"] == 0][["grp", "securable"]].drop_duplicates().groupby("grp").size()
    sites = hits[hits["rooted"] == 1][["grp", "site"]].drop_duplicates().groupby("grp").size()
    whole = pd.DataFrame({"objects": objects, "sites": sites, "highest": highest}).fillna(0).astype("int64")
    return list(whole.itertuples(index=True, name=None))


_WAYS: dict[str, tuple[str, Callable[[Given], list[tuple[Any, ...]]]]] = {
    "waybill": ("benchmarks.reports", _ours),
    "duckdb": ("duckdb", _duckdb),
    "pandas": ("pandas", _pandas),
    "sqlite": ("sqlite3", _sqlite),
    "postgres": ("psycopg", _postgres),
}
"""Contender -> what it imports before its time begins, and the work."""


def _whole(given: Given) -> Answer:
    from benchmarks.reports import asked, finish

    request = asked({**given, "scratch": f"{given['scratch']}-zip"})
    with work() as done:
        made = finish(request)
    shutil.rmtree(request.scratch)
    return Answer(
        sum(one.rows for one in made.counts), made.sha256, done.wall, done.cpu, {"file_mb": made.size / 1e6}
    )
