-- Groups and links named on Permissions, and who is in them, by the shortest chain: those of the directory
-- ($batch NULL), or those a batch names first (grp_batch). Numbered in report order.
CREATE OR REPLACE TEMP TABLE grp AS
WITH b AS MATERIALIZED (SELECT container FROM grp_batch WHERE batch IS NOT DISTINCT FROM $batch::BIGINT)
SELECT p.id AS container, p.kind, p.of_group, p.scope, p.ord, p.site, coalesce(p.login, p.name) AS key,
  CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END AS name, principal_type(p.kind, p.external, p.status) AS type
FROM described p SEMI JOIN b ON b.container = p.id;
-- depth and the group it goes through in one number: the nearest, then the first by name, is the smallest.
CREATE OR REPLACE TEMP TABLE in_group AS
WITH g AS MATERIALIZED (SELECT container, kind, of_group FROM grp),
listed AS (
  SELECT m.container, m.member AS principal, 1::BIGINT << 32 AS near, false AS redeemed FROM member m SEMI JOIN g ON g.container = m.container
  UNION ALL
  SELECT g.container, o.principal, 1::BIGINT << 32, false FROM g JOIN owner o ON o.grp = g.of_group WHERE g.kind = 'm365_owners'
  UNION ALL
  SELECT i.link, i.principal, 1::BIGINT << 32, i.redeemed FROM invite i SEMI JOIN g ON g.container = i.link
  UNION ALL
  SELECT k.ancestor, e.member, ((1 + k.distance)::BIGINT << 32) + v.ord, false
  FROM leads k SEMI JOIN g ON g.container = k.ancestor JOIN held e ON e.container = k.descendant JOIN lead_name v ON v.id = k.descendant
)
SELECT container, principal, min(near) AS near, bool_or(redeemed) AS redeemed FROM listed WHERE principal <> container GROUP BY container, principal;
CREATE OR REPLACE TEMP TABLE line AS
WITH member_ord AS (SELECT id, ord FROM directory UNION ALL SELECT id, ord FROM foreigner),
written AS (
  SELECT m.container, m.principal, m.near, m.redeemed, g.ord AS group_ord, p.ord
  FROM in_group m JOIN (SELECT container, ord FROM grp) g ON g.container = m.container JOIN member_ord p ON p.id = m.principal
  UNION ALL
  SELECT container, NULL, NULL, NULL, ord, 0 FROM grp WHERE is_special(kind)
)
SELECT row_number() OVER (ORDER BY group_ord, container, near >> 32, ord) - 1 AS position, container, principal,
  near >> 32 AS depth, (near & 4294967295)::INTEGER AS via, redeemed
FROM written ORDER BY position;
