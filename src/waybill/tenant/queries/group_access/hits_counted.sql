-- The numbers of a slice whose grants had to be read (run after hits): as derive/80_group_reach.sql counts them.
CREATE OR REPLACE TEMP TABLE hit_per_site AS
WITH per_object AS (
  SELECT h.grp, h.site, h.securable, bool_or(NOT h.is_admin) AS listed, bool_or(h.is_admin) AS admin,
    max(l.rank::INTEGER * 100000 - h.level) AS strongest
  FROM hit h JOIN level l ON l.id = h.level GROUP BY h.grp, h.site, h.securable
)
SELECT h.grp, h.site, bool_or(o.kind IN ('root', 'web')) AS rooted, count(*) FILTER (h.listed) AS objects,
  bool_or(h.admin) AS admin, max(h.strongest) AS strongest
FROM per_object h JOIN securable o ON o.id = h.securable GROUP BY h.grp, h.site;
INSERT INTO per_group
SELECT h.grp,
  count(*) FILTER (h.rooted AND s.module = 1), count(*) FILTER (h.rooted AND s.module = 2),
  count(*) FILTER (h.rooted AND s.module = 3), count(*) FILTER (h.rooted AND s.module = 4),
  sum(h.objects)::BIGINT, count(*) FILTER (h.admin), max(h.strongest)
FROM hit_per_site h JOIN asked_site s ON s.site = h.site GROUP BY h.grp;
INSERT INTO read_site SELECT DISTINCT site FROM hit_per_site;
