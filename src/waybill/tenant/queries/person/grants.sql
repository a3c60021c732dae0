-- One batch ($batch) of grants: those that give access ($live) or those that do not, and why.
WITH here AS (SELECT * FROM hit WHERE batch = $batch AND (effect = 'live') = $live),
inheriting AS (
  SELECT o.scope, count(*) FILTER (o.securable <> o.scope) AS objects
  FROM object o SEMI JOIN here h ON h.securable = o.scope GROUP BY o.scope
)
SELECT s.title, s.url, s.module, s.state, object_type(o.kind), CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, o.url,
  l.name,
  CASE WHEN h.is_admin THEN 'Site administrator'
    WHEN p.kind = 'link' THEN 'Sharing link: ' || link_type(p.scope)
    WHEN p.kind = 'sp_group' THEN 'SharePoint group: ' || p.name
    WHEN is_special(p.kind) THEN 'Everyone claim'
    WHEN p.kind = 'm365_owners' THEN 'Microsoft 365 group owners'
    WHEN h.distance > 1 THEN 'Nested group: ' || p.name
    WHEN h.distance = 1 THEN 'Group: ' || p.name
    ELSE 'Direct' END,
  h.is_admin, h.distance = 0, n.ways,
  CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END, group_type(p.kind), coalesce(e.entra_id, p.login), p.link_id, p.expires_at,
  me.name || n.path || CASE WHEN h.is_admin THEN ' -> site administrator' ELSE '' END || ' -> ' || l.name || ' on ' || on_object(o.kind, o.name),
  coalesce(i.objects, 0),
  CASE h.effect
    WHEN 'live' THEN NULL
    WHEN 'gone' THEN CASE me.status WHEN 'id_mismatch' THEN 'The directory has another object id for this account.' ELSE 'The account is deleted.' END
    WHEN 'site' THEN 'The site is in the recycle bin.'
    WHEN 'limited' THEN 'Limited Access: set by the system because of something shared further below; it opens nothing by itself.'
    WHEN 'system' THEN 'A group that the system made to mark shared objects.'
    WHEN 'existing' THEN 'The link works only for people who have access already.'
    WHEN 'expired' THEN 'The sharing link has expired.'
    WHEN 'deleted' THEN 'The entry names something deleted.'
    WHEN 'mismatch' THEN 'The entry names an object id that the directory does not have.'
    WHEN 'no_rights' THEN 'A distribution group carries no rights.'
    WHEN 'private_group' THEN 'Everyone-type claims have no effect on the site of a private group.'
    ELSE CASE WHEN p.kind = 'link' AND p.scope = 'anyone' THEN 'The link works for whoever holds it; the name only says whom it was sent to.'
      WHEN p.kind = 'link' AND p.scope = 'organization' THEN 'The link has not been opened by this person.'
      ELSE 'Something on the way passes no access on: a deleted group, or a distribution group.' END END
FROM here h CROSS JOIN me
JOIN named n ON n.principal = h.principal
JOIN described p ON p.id = h.principal JOIN principal e ON e.id = h.principal
JOIN level l ON l.id = h.level JOIN site s ON s.id = h.site JOIN securable o ON o.id = h.securable
LEFT JOIN inheriting i ON i.scope = h.securable
ORDER BY h.place;
