-- Owners, direct members and nested members of the groups of a slice ($slice), each once per group by
-- the shortest chain (3.6).
WITH here AS (SELECT grp FROM slice_of WHERE slice = $slice),
listed AS (
  SELECT a.grp, o.principal, 'Owner' AS role, 1 AS depth, NULL::INTEGER AS via FROM here a JOIN owner o ON o.grp = a.grp
  UNION ALL
  SELECT a.grp, m.member, 'Member', 1, NULL FROM here a JOIN member m ON m.container = a.grp
  UNION ALL
  SELECT a.grp, m.member, 'Member', 1 + k.distance, k.descendant
  FROM here a JOIN closure k ON k.ancestor = a.grp JOIN member m ON m.container = k.descendant
),
once AS (
  SELECT l.grp, l.principal, l.role, min(l.depth) AS depth, arg_min(v.name, (l.depth, lower(v.name))) AS via
  FROM listed l LEFT JOIN directory v ON v.id = l.via WHERE l.principal <> l.grp GROUP BY l.grp, l.principal, l.role
),
written AS (
  SELECT n.name AS group_name, n.id AS group_id, p.name, p.upn, p.email, member_type(p.kind, p.user_type, p.external) AS kind,
    m.role, m.depth, CASE WHEN m.depth > 1 THEN m.via END AS via, p.external, status_word(p.status) AS status,
    CASE WHEN p.kind = 'user' THEN sign_in_bucket(p.last_sign_in, $as_of::TIMESTAMP) END AS sign_in,
    n.ord AS group_ord, n.grp, p.ord
  FROM once m JOIN asked_name n ON n.grp = m.grp JOIN directory p ON p.id = m.principal
  WHERE m.grp >= 0
  UNION ALL
  SELECT n.name, n.id, special_rule(n.kind), NULL, NULL, 'Special Group', 'Member', NULL, NULL, NULL, NULL, NULL, n.ord, n.grp, 0
  FROM asked_name n JOIN here h ON h.grp = n.grp WHERE n.grp < 0
)
SELECT group_name, group_id, name, upn, email, kind, role, depth, via, external, status, sign_in
FROM written ORDER BY group_ord, grp DESC, role DESC, depth, ord;
