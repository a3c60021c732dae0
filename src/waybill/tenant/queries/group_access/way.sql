-- Each way of access in words: used by Site Collections and Objects.
CREATE OR REPLACE TEMP TABLE way AS
SELECT h.*, n.name AS group_name, n.id AS group_id, n.ord AS group_ord, l.name AS permission, l.rank,
  h.distance = 0 AND NOT h.implied AS is_direct,
  CASE
    WHEN h.implied AND h.distance = 0 THEN 'Everyone claim'
    WHEN h.is_admin THEN 'Site administrator'
    WHEN p.kind = 'link' THEN 'Sharing link: ' || link_type((SELECT k.scope FROM link k WHERE k.principal = p.id))
    WHEN p.kind = 'sp_group' THEN 'SharePoint group: ' || p.name
    WHEN is_special(p.kind) THEN 'Everyone claim'
    WHEN h.distance > 0 THEN 'Nested group: ' || p.name
    WHEN p.kind = 'm365_owners' THEN 'Microsoft 365 group owners'
    WHEN p.kind = 'm365_group' THEN 'Microsoft 365 group members'
    ELSE 'Direct' END AS through,
  coalesce(p.login, p.name) AS inherited_from,
  CASE WHEN h.owners THEN 'Owners of ' ELSE '' END || n.name
    || CASE WHEN h.implied THEN ' -> member of ' || coalesce((SELECT s.name FROM principal s WHERE s.id = h.source), 'an everyone claim') ELSE '' END
    || coalesce(c0.path, '') || CASE WHEN h.is_admin THEN ' -> site administrator' ELSE '' END
    || ' -> ' || l.name || ' on ' || on_object(o.kind, o.name) AS access_path,
  CASE WHEN p.kind = 'link' THEN 'Invited only' WHEN h.owners THEN 'Owners only' ELSE 'All members' END AS applies_to,
  CASE WHEN h.grp < 0 THEN (SELECT t.people FROM special_rule_text t WHERE t.kind = n.kind)
       WHEN h.owners THEN w.users ELSE c.users END AS users_reached,
  CASE WHEN h.grp < 0 THEN (SELECT count(*) FROM population_of q WHERE q.kind = n.kind AND q.external)
       WHEN h.owners THEN w.external_users ELSE c.external_users END AS external_reached,
  o.kind AS object_kind, b.ord AS object_ord, q.ord AS principal_ord
FROM hit h
JOIN asked_name n ON n.grp = h.grp
JOIN principal p ON p.id = h.principal
JOIN level l ON l.id = h.level
JOIN securable o ON o.id = h.securable
JOIN object b ON b.securable = h.securable
JOIN principal_order q ON q.principal = h.principal
LEFT JOIN closure c0 ON c0.descendant = h.source AND c0.ancestor = h.principal
LEFT JOIN headcount c ON c.principal = h.grp
LEFT JOIN principal wp ON wp.kind = 'm365_owners' AND wp.of_group = h.grp
LEFT JOIN headcount w ON w.principal = wp.id;
