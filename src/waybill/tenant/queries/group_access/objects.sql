-- Objects that own an access list naming the group; with $inherited also those that inherit from one.
WITH shown AS (
  SELECT w.*, w.securable AS object, true AS owns, w.object_ord AS shown_ord FROM way w
  UNION ALL
  SELECT w.*, b.securable, false, b.ord FROM way w JOIN object b ON b.scope = w.securable AND b.securable <> w.securable
  WHERE $inherited AND NOT w.is_admin
)
SELECT w.group_name, w.group_id, s.module, s.title, o.url, o.name, object_type(o.kind), s.url, w.permission,
  CASE WHEN w.owns THEN 'Unique' ELSE 'Inheritance' END, w.is_direct, w.through, w.inherited_from,
  CASE WHEN w.owns THEN w.access_path ELSE w.access_path || ' -> inherited by ' || on_object(o.kind, o.name) END,
  w.applies_to, w.users_reached, w.external_reached, g.url,
  k.link_id, link_type(k.scope), k.expires_at, o.sensitivity, o.data_type
FROM shown w JOIN site s ON s.id = w.site JOIN securable o ON o.id = w.object JOIN securable g ON g.id = w.securable
LEFT JOIN link k ON k.principal = w.principal
ORDER BY w.group_ord, w.grp DESC, w.shown_ord, w.principal_ord, w.rank DESC, w.level, w.applies_to;
