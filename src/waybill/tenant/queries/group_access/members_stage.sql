-- Owners, direct members and nested members of the groups of some slices ($first to before $until), each once per group by the shortest
-- chain (3.6), numbered in report order (run after directory). Depth and the group between are one number: of the
-- shortest chains the first by name.
CREATE OR REPLACE TEMP TABLE line AS
WITH here AS MATERIALIZED (SELECT s.grp, n.ord FROM slice_of s JOIN asked_name n ON n.grp = s.grp WHERE s.slice >= $first AND s.slice < $until),
listed AS (
  SELECT o.grp, o.principal, true AS owns, 1::BIGINT << 32 AS near FROM owner o SEMI JOIN here a ON a.grp = o.grp
  UNION ALL
  SELECT m.container, m.member, false, 1::BIGINT << 32 FROM member m SEMI JOIN here a ON a.grp = m.container
  UNION ALL
  SELECT k.ancestor, m.member, false, ((1 + k.distance)::BIGINT << 32) + coalesce(v.name_ord, 0)
  FROM closure k SEMI JOIN here a ON a.grp = k.ancestor JOIN member m ON m.container = k.descendant
  LEFT JOIN (SELECT id, name_ord FROM directory) v ON v.id = k.descendant
),
once AS (SELECT grp, principal, owns, min(near) AS near FROM listed WHERE principal <> grp GROUP BY grp, principal, owns),
written AS (
  SELECT m.grp, a.ord AS group_ord, m.principal, m.owns, m.near, p.ord FROM once m JOIN here a ON a.grp = m.grp
  JOIN (SELECT id, ord FROM directory) p ON p.id = m.principal
  UNION ALL
  SELECT grp, ord, NULL, false, NULL, 0 FROM here WHERE grp < 0
)
SELECT row_number() OVER (ORDER BY group_ord, grp DESC, owns DESC, near >> 32, ord) - 1 AS position, grp, principal, owns,
  near >> 32 AS depth, (near & 4294967295)::INTEGER AS via
FROM written ORDER BY position;
