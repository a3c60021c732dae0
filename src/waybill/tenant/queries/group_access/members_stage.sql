-- Owners and members of the groups of some slices ($first to before $until), each once per group by the shortest
-- chain (3.6), numbered in report order (run after directory). Depth and the group between are one number: of the
-- shortest chains the first by name.
CREATE OR REPLACE TEMP TABLE line AS
WITH here AS MATERIALIZED (SELECT grp, ord FROM slice_of WHERE slice >= $first AND slice < $until),
once AS (
  SELECT l.grp, l.principal, l.owns, min((l.depth::BIGINT << 32) + coalesce(v.name_ord, 0)) AS near
  FROM listed l SEMI JOIN here a ON a.grp = l.grp LEFT JOIN (SELECT id, name_ord FROM directory) v ON v.id = l.via
  GROUP BY l.grp, l.principal, l.owns
),
written AS (
  SELECT m.grp, a.ord AS group_ord, m.principal, m.owns, m.near, p.ord FROM once m JOIN here a ON a.grp = m.grp
  JOIN (SELECT id, ord FROM directory) p ON p.id = m.principal
  UNION ALL
  SELECT grp, ord, NULL, false, NULL, 0 FROM here WHERE grp < 0
)
SELECT row_number() OVER (ORDER BY group_ord, grp DESC, owns DESC, near >> 32, ord) - 1 AS position, grp, principal, owns,
  near >> 32 AS depth, (near & 4294967295)::INTEGER AS via
FROM written ORDER BY position;
