-- Every group and link named on Permissions, and who is in it, by the shortest chain.
CREATE OR REPLACE TEMP TABLE member_of_name AS SELECT p.id, p.name FROM described p SEMI JOIN leads k ON k.descendant = p.id;
CREATE OR REPLACE TEMP TABLE in_group AS
WITH grp AS (SELECT id AS container, kind, of_group FROM who WHERE kind NOT IN ('user', 'application')),
listed AS (
  SELECT g.container, m.member AS principal, 1 AS depth, NULL::INTEGER AS via FROM grp g JOIN member m ON m.container = g.container
  UNION ALL
  SELECT g.container, o.principal, 1, NULL FROM grp g JOIN owner o ON o.grp = g.of_group WHERE g.kind = 'm365_owners'
  UNION ALL
  SELECT g.container, i.principal, 1, NULL FROM grp g JOIN invite i ON i.link = g.container
  UNION ALL
  SELECT g.container, e.member, 1 + k.distance, k.descendant FROM grp g JOIN leads k ON k.ancestor = g.container JOIN held e ON e.container = k.descendant
)
SELECT l.container, l.principal, min(l.depth) AS depth, arg_min(v.name, (l.depth, lower(v.name))) AS via
FROM listed l LEFT JOIN member_of_name v ON v.id = l.via WHERE l.principal <> l.container GROUP BY l.container, l.principal;
CREATE OR REPLACE TEMP TABLE member_of AS
SELECT p.id, p.kind, p.name, p.upn, p.email, p.user_type, p.external, p.status, p.ord
FROM described p SEMI JOIN in_group m ON m.principal = p.id;
