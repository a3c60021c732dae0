-- Sites and subsites whose access list names the group (run after ways), numbered from $first up to before $until.
SELECT e.position, w.group_name, w.group_id, s.module, s.title, o.url, object_type(o.kind), e.permission, 'Unique',
  w.is_direct, w.through, w.inherited_from, w.path || e.permission || ' on ' || on_object(o.kind, o.name), w.applies_to,
  w.users_reached, w.external_reached,
  s.site_type, s.channel_name, s.privacy, s.external_sharing, coalesce(o.label, s.label), s.scanned_at
FROM (FROM line WHERE position >= $first AND position < $until) e
JOIN way w ON w.id = e.way
JOIN (SELECT t.* FROM securable t SEMI JOIN (FROM line WHERE position >= $first AND position < $until) n ON n.object = t.id) o ON o.id = e.object
JOIN site s ON s.id = o.site;
