-- Each way of access in words, but for the object it ends at: used by Site Collections and Objects (run after
-- hits of all groups). Ways are few, objects many.
CREATE OR REPLACE TEMP TABLE way AS
WITH used AS MATERIALIZED (SELECT DISTINCT grp, principal, source, owners, distance, implied, is_admin FROM hit),
p AS MATERIALIZED (SELECT d.id, d.kind, d.name, d.login, d.scope, d.ord FROM described d SEMI JOIN used u ON u.principal = d.id),
chain AS MATERIALIZED (SELECT k.descendant, k.ancestor, k.path FROM closure k SEMI JOIN used u ON u.source = k.descendant AND u.principal = k.ancestor),
claim AS MATERIALIZED (SELECT s.id, s.name FROM principal s SEMI JOIN (FROM used WHERE implied) u ON u.source = s.id),
count_of AS MATERIALIZED (
  SELECT c.principal, c.users, c.external_users FROM headcount c SEMI JOIN (SELECT principal FROM asked_principal) a ON a.principal = c.principal
),
owner_count AS (
  SELECT a.grp, min(c.users) AS users, min(c.external_users) AS external_users
  FROM asked_principal a JOIN count_of c ON c.principal = a.principal WHERE a.owners GROUP BY a.grp
)
SELECT row_number() OVER ()::INTEGER AS id, h.*, n.name AS group_name, n.id AS group_id, n.ord AS group_ord, p.ord AS principal_ord,
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
  CASE WHEN h.grp < 0 THEN t.people WHEN h.owners THEN w.users ELSE c.users END AS users_reached,
  CASE WHEN h.grp < 0 THEN (SELECT count(*) FROM population_of q WHERE q.kind = n.kind AND q.external)
       WHEN h.owners THEN w.external_users ELSE c.external_users END AS external_reached
FROM used h
JOIN asked_name n ON n.grp = h.grp
JOIN p ON p.id = h.principal
LEFT JOIN chain k ON k.descendant = h.source AND k.ancestor = h.principal
LEFT JOIN claim s ON s.id = h.source
LEFT JOIN special_rule_text t ON t.kind = n.kind
LEFT JOIN count_of c ON c.principal = h.grp
LEFT JOIN owner_count w ON w.grp = h.grp;
