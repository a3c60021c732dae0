-- Objects that own an access list naming the group, or inherit from one (run after ways), numbered from $first up
-- to before $until.
WITH now AS (FROM line WHERE position >= $first AND position < $until)
SELECT e.position, w.group_name, w.group_id, s.module, s.title, o.url, o.name, object_type(o.kind), s.url, e.permission,
  CASE WHEN e.owns THEN 'Unique' ELSE 'Inheritance' END, w.is_direct, w.through, w.inherited_from,
  CASE WHEN e.owns THEN w.path || e.permission || ' on ' || on_object(o.kind, o.name)
       ELSE w.path || e.permission || ' on ' || on_object(g.kind, g.name) || ' -> inherited by ' || on_object(o.kind, o.name) END,
  w.applies_to, w.users_reached, w.external_reached, CASE WHEN e.owns THEN o.url ELSE g.url END,
  k.link_id, link_type(k.scope), k.expires_at, o.sensitivity, o.data_type
FROM now e
JOIN way w ON w.id = e.way
JOIN (SELECT t.id, t.site, t.kind, t.name, t.url, t.sensitivity, t.data_type FROM securable t SEMI JOIN now n ON n.object = t.id) o ON o.id = e.object
JOIN site s ON s.id = o.site
LEFT JOIN (SELECT t.id, t.kind, t.name, t.url FROM securable t SEMI JOIN (FROM now WHERE NOT owns) n ON n.securable = t.id) g ON g.id = e.securable
LEFT JOIN (SELECT t.* FROM link t SEMI JOIN way n ON n.principal = t.principal) k ON k.principal = w.principal;
