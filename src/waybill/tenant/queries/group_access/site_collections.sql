SELECT w.group_name, w.group_id, s.module, s.title, o.url, object_type(w.object_kind), w.permission, 'Unique',
  w.is_direct, w.through, w.inherited_from, w.access_path, w.applies_to, w.users_reached, w.external_reached,
  s.site_type, s.channel_name, s.privacy, s.external_sharing, coalesce(o.label, s.label), s.scanned_at
FROM way w JOIN site s ON s.id = w.site JOIN securable o ON o.id = w.securable
WHERE w.object_kind IN ('root', 'web')
ORDER BY w.group_ord, w.grp DESC, w.object_ord, w.principal_ord, w.rank DESC, w.level, w.applies_to;
