-- Groups and links named on Permissions, and who is in them, by the shortest chain: those of the
-- directory ($batch NULL), or those that belong to the sites of a batch.
CREATE OR REPLACE TEMP TABLE grp AS
SELECT p.id AS container, p.kind, p.of_group, p.name, p.login, p.external, p.status, p.scope, p.ord, p.site,
  CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END AS shown_name
FROM described p SEMI JOIN site_principal n ON n.principal = p.id
  AND ($batch::BIGINT IS NULL OR n.site IN (SELECT b.site FROM site_batch b WHERE b.batch = $batch))
WHERE p.kind NOT IN ('user', 'application') AND (p.kind IN ('sp_group', 'link')) = ($batch::BIGINT IS NOT NULL);
CREATE OR REPLACE TEMP TABLE in_group AS
WITH listed AS (
  SELECT g.container, m.member AS principal, 1 AS depth, NULL::INTEGER AS via FROM grp g JOIN member m ON m.container = g.container
  UNION ALL
  SELECT g.container, o.principal, 1, NULL FROM grp g JOIN owner o ON o.grp = g.of_group WHERE g.kind = 'm365_owners'
  UNION ALL
  SELECT g.container, i.principal, 1, NULL FROM grp g JOIN invite i ON i.link = g.container
  UNION ALL
  SELECT g.container, e.member, 1 + k.distance, k.descendant FROM grp g JOIN leads k ON k.ancestor = g.container JOIN held e ON e.container = k.descendant
)
SELECT l.container, l.principal, min(l.depth) AS depth, arg_min(v.name, (l.depth, lower(v.name))) AS via
FROM listed l LEFT JOIN lead_name v ON v.id = l.via WHERE l.principal <> l.container GROUP BY l.container, l.principal;
CREATE OR REPLACE TEMP TABLE member_of AS
SELECT p.id, p.kind, p.name, p.upn, p.email, p.user_type, p.external, p.status, p.ord
FROM described p SEMI JOIN in_group m ON m.principal = p.id;
