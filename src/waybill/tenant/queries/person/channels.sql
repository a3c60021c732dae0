-- Private and shared channels whose roster names the person.
WITH c AS MATERIALIZED (SELECT DISTINCT site FROM channel_member WHERE principal = (SELECT id FROM me))
SELECT coalesce(s.channel_name, s.title), s.site_type, s.title, s.url, s.state, g.name,
  EXISTS (SELECT 1 FROM hit h WHERE h.site = s.id AND h.effect = 'live')
FROM c JOIN site s ON s.id = c.site JOIN site_order q ON q.site = s.id
LEFT JOIN (SELECT g.id, g.name FROM principal g JOIN (SELECT DISTINCT s.grp FROM site s SEMI JOIN c ON c.site = s.id) s ON s.grp = g.id) g ON g.id = s.grp
ORDER BY q.ord;
