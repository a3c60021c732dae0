-- Which way leads to which object, numbered in report order (run after way). $sites_only: nothing below a list, for
-- a report without Objects; $inherited: also objects that inherit from the one a group is named on.
CREATE OR REPLACE TEMP TABLE line AS
WITH own AS NOT MATERIALIZED (
  SELECT h.way, h.level, h.securable, b.site, b.ord, b.list IS NULL AS top FROM hit h JOIN object b ON b.securable = h.securable
  WHERE NOT $sites_only OR b.list IS NULL
),
shown AS (
  SELECT o.securable, o.securable AS object, o.site, o.ord, o.level, o.way, true AS owns, o.top FROM own o
  UNION ALL
  SELECT o.securable, b.securable, b.site, b.ord, o.level, o.way, false, false FROM own o JOIN way w ON w.id = o.way AND NOT w.is_admin
  JOIN object b ON b.scope = o.securable AND b.securable <> o.securable WHERE $inherited
)
SELECT row_number() OVER (ORDER BY w.group_place, s.ord, w.principal_ord, s.level - l.rank::INTEGER * 100000, w.last_place) - 1 AS position,
  s.object, s.securable, s.site, s.owns, s.top, s.way, s.level
FROM shown s JOIN way w ON w.id = s.way JOIN level l ON l.id = s.level ORDER BY position;
