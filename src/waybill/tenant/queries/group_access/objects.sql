-- Objects that own an access list naming the group, or inherit from one (run after ways), numbered from $first up
-- to before $until.
WITH now AS MATERIALIZED (FROM line WHERE position >= $first AND position < $until)
SELECT e.position, w.group_name, w.group_id, s.module, s.title, o.url, o.name, object_type(o.kind), s.url, l.name,
  CASE WHEN e.owns THEN 'Unique' ELSE 'Inheritance' END, w.is_direct, w.through, w.inherited_from,
  CASE WHEN e.owns THEN w.path || l.name || ' on ' || on_object(o.kind, o.name)
       ELSE w.path || l.name || ' on ' || on_object(g.kind, g.name) || ' -> inherited by ' || on_object(o.kind, o.name) END,
  w.applies_to, w.users_reached, w.external_reached, CASE WHEN e.owns THEN o.url ELSE g.url END,
  w.link_id, link_type(w.scope), w.expires_at, o.sensitivity, o.data_type
FROM now e
JOIN way w ON w.id = e.way
JOIN level l ON l.id = e.level
JOIN (SELECT t.id, t.kind, t.name, t.url, t.sensitivity, t.data_type FROM securable t SEMI JOIN now n ON n.object = t.id) o ON o.id = e.object
JOIN (SELECT t.id, t.module, t.title, t.url FROM site t SEMI JOIN now n ON n.site = t.id) s ON s.id = e.site
LEFT JOIN (
  SELECT t.id, t.kind, t.name, t.url FROM securable t SEMI JOIN (FROM now WHERE NOT owns) n ON n.securable = t.id WHERE $inherited
) g ON g.id = e.securable;
