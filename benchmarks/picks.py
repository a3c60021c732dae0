"""Which groups, sites and people the cases ask for: the heaviest, and groups in the middle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_REACHED = """
  SELECT p.id, p.entra_id, count(*) AS hits
  FROM principal p
  JOIN (SELECT descendant, ancestor FROM closure UNION ALL SELECT id, id FROM principal) k ON k.descendant = p.id
  JOIN live_grant_by_principal g ON g.principal = k.ancestor
  WHERE p.kind IN ('security_group', 'm365_group', 'mail_security_group') AND p.entra_id IS NOT NULL AND p.status = 'active'
  GROUP BY p.id, p.entra_id
"""
_PERSON = """
  WITH named AS (SELECT principal, count(*) AS hits FROM live_grant_by_principal GROUP BY principal),
  by_group AS (
    SELECT k.id, sum(n.hits) AS hits
    FROM (SELECT descendant AS id, ancestor FROM closure UNION ALL SELECT DISTINCT container, container FROM edge) k
    JOIN named n ON n.principal = k.ancestor GROUP BY k.id
  )
  SELECT p.entra_id
  FROM (SELECT e.member AS id, g.hits FROM edge e JOIN by_group g ON g.id = e.container UNION ALL FROM named) w
  JOIN principal p ON p.id = w.id
  WHERE p.kind = 'user' AND p.entra_id IS NOT NULL AND p.status = 'active'
    AND (p.user_type IS NOT DISTINCT FROM 'B2B direct') = $inbound
  GROUP BY p.entra_id ORDER BY sum(w.hits) DESC, p.entra_id LIMIT 1
"""
MIDDLE = 11


@dataclass(frozen=True, slots=True)
class Picks:
    """hottest: the group with most access. largest: with most people. middle: around the median of access.
    sites: the 100 of most entries."""

    hottest: str
    largest: str
    middle: list[str]
    sites: list[str]


def pick(path: Path, snapshot: Path) -> None:
    """Find them and write them down."""
    import duckdb

    with duckdb.connect(str(snapshot), read_only=True) as facts:
        groups = [
            name
            for (name,) in facts.execute(
                f"SELECT entra_id FROM ({_REACHED}) ORDER BY hits DESC, entra_id"
            ).fetchall()
        ]
        sites = facts.execute(
            """SELECT s.url FROM site s JOIN entry e ON e.site = s.id WHERE s.state <> 'Deleted'
            GROUP BY s.id, s.url ORDER BY count(*) DESC, s.url LIMIT 100"""
        ).fetchall()
        largest = facts.execute(
            """SELECT p.entra_id FROM headcount h JOIN principal p ON p.id = h.principal
            WHERE p.kind LIKE '%_group' AND p.entra_id IS NOT NULL
            ORDER BY h.users DESC NULLS LAST, p.entra_id LIMIT 1"""
        ).fetchall()[0][0]
    start = max(0, len(groups) // 2 - MIDDLE // 2)
    told = {
        "hottest": groups[0],
        "largest": largest,
        "middle": groups[start : start + MIDDLE],
        "sites": [url for (url,) in sites],
    }
    path.write_text(json.dumps(told), "utf-8")


def read_picks(path: Path) -> Picks:
    return Picks(**json.loads(path.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class People:
    """Who get most access, by name and through groups and links: of the directory, and of another tenant."""

    person: str
    profile: str


def pick_people(path: Path, snapshot: Path) -> None:
    """Find them and write them down."""
    import duckdb

    with duckdb.connect(str(snapshot), read_only=True) as facts:
        person, profile = (
            facts.execute(_PERSON, {"inbound": inbound}).fetchall()[0][0] for inbound in (False, True)
        )
    path.write_text(json.dumps({"person": person, "profile": profile}), "utf-8")


def read_people(path: Path) -> People:
    return People(**json.loads(path.read_text("utf-8")))
