-- Which way leads to which object, numbered in report order (run after way). $sites_only: root webs and subsites,
-- for Site Collections; $inherited: also objects that inherit from the one a group is named on, for Objects.
CREATE OR REPLACE TEMP TABLE line AS
WITH led AS (
  SELECT h.securable, h.level, w.id AS way FROM hit h
  JOIN way w ON w.grp = h.grp AND w.principal = h.principal AND w.source = h.source AND w.owners = h.owners
    AND w.distance = h.distance AND w.implied = h.implied AND w.is_admin = h.is_admin
),
own AS MATERIALIZED (
  SELECT l.* FROM led l WHERE NOT $sites_only
  UNION ALL
  SELECT l.* FROM led l JOIN (SELECT id FROM securable WHERE kind IN ('root', 'web')) o ON o.id = l.securable WHERE $sites_only
),
shown AS (
  SELECT o.securable, o.securable AS object, o.level, o.way, true AS owns, b.ord FROM own o JOIN object b ON b.securable = o.securable
  UNION ALL
  SELECT o.securable, b.securable, o.level, o.way, false, b.ord FROM own o JOIN way w ON w.id = o.way AND NOT w.is_admin
  JOIN object b ON b.scope = o.securable AND b.securable <> o.securable WHERE $inherited
)
SELECT row_number() OVER (ORDER BY w.group_ord, w.grp DESC, s.ord, w.principal_ord, l.rank DESC, s.level, w.applies_to,
    w.source, w.owners, w.distance, w.implied, w.is_admin) - 1 AS position,
  s.object, s.securable, s.owns, s.way, l.name AS permission
FROM shown s JOIN way w ON w.id = s.way JOIN level l ON l.id = s.level ORDER BY position;
