-- Every access list entry and administrator flag that names the person or anything they are in, with
-- what it is worth to them: effect 'live' is access, all else says why it is none. Narrow rows, numbered
-- in report order and read in batches of $batch_rows: memory does not grow with what is reached.
CREATE OR REPLACE TEMP TABLE hit AS
WITH found AS (
  SELECT e.site, e.securable, e.principal, e.level, false AS is_admin, e.verdict::VARCHAR AS verdict
  FROM entry e SEMI JOIN named n ON n.principal = e.principal
  UNION ALL
  SELECT DISTINCT a.site, r.id, a.principal, 0::SMALLINT, true,
    CASE WHEN p.status IN ('deleted', 'soft_deleted') THEN 'deleted' WHEN p.status = 'id_mismatch' THEN 'mismatch'
         WHEN p.kind = 'distribution_group' THEN 'no_rights' ELSE 'live' END
  FROM site_admin a SEMI JOIN named n ON n.principal = a.principal
  JOIN securable r ON r.site = a.site AND r.parent IS NULL JOIN principal p ON p.id = a.principal
),
judged AS (
  SELECT f.site, f.securable, f.principal, f.level, f.is_admin, n.distance,
    CASE WHEN NOT (SELECT reaches FROM me) THEN 'gone' WHEN s.state = 'Deleted' THEN 'site'
         WHEN f.verdict <> 'live' THEN f.verdict WHEN n.passes THEN 'live'
         WHEN n.barred THEN 'private_group' ELSE 'passed_over' END AS effect
  FROM found f JOIN named n ON n.principal = f.principal JOIN site s ON s.id = f.site
)
SELECT j.*, ((row_number() OVER (PARTITION BY j.effect = 'live' ORDER BY o.ord, p.ord, j.level, j.is_admin) - 1) // $batch_rows)::INTEGER AS batch,
  row_number() OVER (PARTITION BY j.effect = 'live' ORDER BY o.ord, p.ord, j.level, j.is_admin) AS place
FROM judged j JOIN object o ON o.securable = j.securable JOIN principal_order p ON p.principal = j.principal;
