-- Sites and subsites whose access list names the group (run after site_ways), numbered from $first up to before $until.
WITH now AS MATERIALIZED (FROM site_line WHERE position >= $first AND position < $until)
SELECT e.position, w.group_name, w.group_id, s.module, s.title, o.url, object_type(o.kind), l.name, 'Unique',
  w.is_direct, w.through, w.inherited_from, w.path || l.name || ' on ' || on_object(o.kind, o.name), w.applies_to,
  w.users_reached, w.external_reached,
  s.site_type, s.channel_name, s.privacy, s.external_sharing, coalesce(o.label, s.label), s.scanned_at
FROM now e
JOIN way w ON w.id = e.way
JOIN level l ON l.id = e.level
JOIN (SELECT t.id, t.kind, t.name, t.url, t.label FROM securable t SEMI JOIN now n ON n.object = t.id) o ON o.id = e.object
JOIN (SELECT t.* FROM site t SEMI JOIN now n ON n.site = t.id) s ON s.id = e.site;
