-- Each way of access in words, but for the object it ends at: used by Site Collections and Objects (run after
-- hits of all groups). Ways are few, objects many: what rows are sorted by is made one number here each.
-- $implied: whether everyone-type claims were looked at.
CREATE OR REPLACE TEMP TABLE way AS
WITH used AS MATERIALIZED (SELECT h.way, h.way & 1 = 1 AS is_admin, r.* FROM (SELECT DISTINCT way FROM hit) h JOIN reach r ON r.id = h.way >> 1),
p AS MATERIALIZED (
  SELECT d.id, d.kind, d.name, d.login, d.scope, d.link_id, d.expires_at, d.ord FROM described d SEMI JOIN used u ON u.principal = d.id
),
chain AS MATERIALIZED (SELECT k.descendant, k.ancestor, k.path FROM closure k SEMI JOIN (FROM used WHERE distance > 0) u ON u.source = k.descendant),
claim AS MATERIALIZED (SELECT s.id, s.name FROM principal s SEMI JOIN (FROM used WHERE implied) u ON u.source = s.id WHERE $implied),
owner_count AS MATERIALIZED (
  SELECT a.grp, min(c.users) AS users, min(c.external_users) AS external_users
  FROM headcount c JOIN asked_principal a ON a.principal = c.principal WHERE a.owners GROUP BY a.grp
),
said AS (
  SELECT h.way AS id, h.*, n.name AS group_name, n.id AS group_id, n.ord AS group_ord, p.ord AS principal_ord, p.scope, p.link_id, p.expires_at,
    h.distance = 0 AND NOT h.implied AS is_direct,
    CASE
      WHEN h.implied AND h.distance = 0 THEN 'Everyone claim'
      WHEN h.is_admin THEN 'Site administrator'
      WHEN p.kind = 'link' THEN 'Sharing link: ' || link_type(p.scope)
      WHEN p.kind = 'sp_group' THEN 'SharePoint group: ' || p.name
      WHEN is_special(p.kind) THEN 'Everyone claim'
      WHEN h.distance > 0 THEN 'Nested group: ' || p.name
      WHEN p.kind = 'm365_owners' THEN 'Microsoft 365 group owners'
      WHEN p.kind = 'm365_group' THEN 'Microsoft 365 group members'
      ELSE 'Direct' END AS through,
    coalesce(p.login, p.name) AS inherited_from,
    CASE WHEN h.owners THEN 'Owners of ' ELSE '' END || n.name
      || CASE WHEN h.implied THEN ' -> member of ' || coalesce(s.name, 'an everyone claim') ELSE '' END
      || coalesce(k.path, '') || CASE WHEN h.is_admin THEN ' -> site administrator' ELSE '' END || ' -> ' AS path,
    CASE WHEN p.kind = 'link' THEN 'Invited only' WHEN h.owners THEN 'Owners only' ELSE 'All members' END AS applies_to,
    CASE WHEN h.owners THEN w.users ELSE n.users END AS users_reached,
    CASE WHEN h.owners THEN w.external_users ELSE n.external_users END AS external_reached
  FROM used h
  JOIN asked_name n ON n.grp = h.grp
  JOIN p ON p.id = h.principal
  LEFT JOIN chain k ON k.descendant = h.source AND k.ancestor = h.principal
  LEFT JOIN claim s ON s.id = h.source
  LEFT JOIN owner_count w ON w.grp = h.grp
)
SELECT id, principal_ord, is_admin, group_name, group_id, is_direct, through, inherited_from, path, applies_to, users_reached, external_reached,
  scope, link_id, expires_at,
  (rank() OVER (ORDER BY group_ord, grp DESC))::INTEGER AS group_place,
  (row_number() OVER (ORDER BY applies_to, source, owners, distance, implied, is_admin))::INTEGER AS last_place
FROM said;
