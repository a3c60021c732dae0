-- Owners, direct members and nested members, each once per group by the shortest chain (3.6).
WITH listed AS (
  SELECT a.grp, o.principal, 'Owner' AS role, 1 AS depth, NULL::INTEGER AS via FROM asked a JOIN owner o ON o.grp = a.grp
  UNION ALL
  SELECT a.grp, m.member, 'Member', 1, NULL FROM asked a JOIN member m ON m.container = a.grp
  UNION ALL
  SELECT a.grp, m.member, 'Member', 1 + k.distance, k.descendant
  FROM asked a JOIN closure k ON k.ancestor = a.grp JOIN member m ON m.container = k.descendant
),
once AS (
  SELECT l.grp, l.principal, l.role, min(l.depth) AS depth, arg_min(v.name, (l.depth, lower(v.name))) AS via
  FROM listed l LEFT JOIN principal v ON v.id = l.via WHERE l.principal <> l.grp GROUP BY l.grp, l.principal, l.role
),
written AS (
  SELECT n.name AS group_name, n.id AS group_id, p.name, p.upn, p.email, member_type(p.kind, p.user_type, p.external) AS kind,
    m.role, m.depth, CASE WHEN m.depth > 1 THEN m.via END AS via, p.external, status_word(p.status) AS status,
    CASE WHEN p.kind = 'user' THEN sign_in_bucket(p.last_sign_in, $as_of::TIMESTAMP) END AS sign_in,
    n.ord AS group_ord, n.grp, o.ord
  FROM once m JOIN asked_name n ON n.grp = m.grp JOIN principal p ON p.id = m.principal
  JOIN principal_order o ON o.principal = p.id
  WHERE m.grp >= 0
  UNION ALL
  SELECT n.name, n.id, special_rule(n.kind), NULL, NULL, 'Special Group', 'Member', NULL, NULL, NULL, NULL, NULL, n.ord, n.grp, 0
  FROM asked_name n WHERE n.grp < 0
)
SELECT group_name, group_id, name, upn, email, kind, role, depth, via, external, status, sign_in
FROM written ORDER BY group_ord, grp DESC, role DESC, depth, ord;
