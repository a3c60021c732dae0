-- The live links of a batch, numbered in report order (run after batch and link_people): each on the object it
-- shares, at its strongest level. A folder's link stands again on every item below with a list of its own:
-- those are counted.
CREATE OR REPLACE TEMP TABLE line AS
WITH stands AS (
  SELECT e.principal, e.securable, e.site, l.name AS level, l.rank, e.level AS level_id, o.ord, k.ord AS link_ord,
    count(*) OVER (PARTITION BY e.principal, l.id) AS objects
  FROM here e JOIN (SELECT id, ord, link_securable FROM who WHERE kind = 'link') k ON k.id = e.principal
  JOIN (SELECT id, ord FROM what) o ON o.id = e.securable JOIN level l ON l.id = e.level
  WHERE e.live
  QUALIFY row_number() OVER (PARTITION BY e.principal ORDER BY l.rank DESC, e.level, e.securable IS NOT DISTINCT FROM k.link_securable DESC, o.ord) = 1
)
SELECT row_number() OVER (ORDER BY ord, link_ord, rank DESC, level_id) - 1 AS position, principal, securable, site, level, objects
FROM stands ORDER BY position;
