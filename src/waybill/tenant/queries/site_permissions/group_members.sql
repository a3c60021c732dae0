-- Every group and link named on Permissions, expanded once, by the shortest chain.
WITH grp AS (
  SELECT DISTINCT e.principal AS container FROM shown_entry e JOIN principal p ON p.id = e.principal
  WHERE p.kind NOT IN ('user', 'application')
),
listed AS (
  SELECT g.container, m.member AS principal, 1 AS depth, NULL::INTEGER AS via FROM grp g JOIN member m ON m.container = g.container
  UNION ALL
  SELECT g.container, o.principal, 1, NULL FROM grp g JOIN principal n ON n.id = g.container AND n.kind = 'm365_owners' JOIN owner o ON o.grp = n.of_group
  UNION ALL
  SELECT g.container, i.principal, 1, NULL FROM grp g JOIN invite i ON i.link = g.container
  UNION ALL
  SELECT g.container, e.member, 1 + k.distance, k.descendant FROM grp g JOIN closure k ON k.ancestor = g.container JOIN edge e ON e.container = k.descendant
),
once AS (
  SELECT l.container, l.principal, min(l.depth) AS depth, arg_min(v.name, (l.depth, lower(v.name))) AS via
  FROM listed l LEFT JOIN principal v ON v.id = l.via WHERE l.principal <> l.container GROUP BY l.container, l.principal
),
written AS (
  SELECT coalesce(g.login, g.name) AS key, CASE WHEN g.kind = 'link' THEN link_name(k.scope) ELSE g.name END AS name,
    principal_type(g.kind, g.external, g.status) AS kind, s.url AS site,
    p.name AS member, p.upn, p.email, CASE WHEN is_special(p.kind) THEN 'Special Group' ELSE member_type(p.kind, p.user_type, p.external) END AS member_kind,
    m.depth, CASE WHEN m.depth > 1 THEN m.via END AS via, p.external, status_word(p.status) AS status,
    CASE WHEN is_special(p.kind) THEN special_rule(p.kind)
         WHEN k.scope = 'organization' AND NOT coalesce(v.redeemed, false) THEN 'Named by the link, has not opened it: no access'
         WHEN k.scope = 'anyone' THEN 'Was sent the link; anyone who holds it has access' END AS note,
    q.ord AS group_ord, g.id AS grp, o.ord
  FROM once m JOIN principal g ON g.id = m.container JOIN principal_order q ON q.principal = g.id
  JOIN principal p ON p.id = m.principal JOIN principal_order o ON o.principal = p.id
  LEFT JOIN site s ON s.id = g.site LEFT JOIN link k ON k.principal = g.id
  LEFT JOIN invite v ON v.link = g.id AND v.principal = p.id
  UNION ALL
  SELECT coalesce(g.login, g.name), g.name, 'Special Group', NULL, special_rule(g.kind), NULL, NULL, 'Special Group', NULL, NULL, NULL, NULL, NULL, q.ord, g.id, 0
  FROM grp c JOIN principal g ON g.id = c.container AND is_special(g.kind) JOIN principal_order q ON q.principal = g.id
)
SELECT key, name, kind, site, member, upn, email, member_kind, depth, via, external, status, note
FROM written ORDER BY group_ord, grp, depth, ord;
