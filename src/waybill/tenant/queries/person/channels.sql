-- Private and shared channels whose roster names the person.
SELECT coalesce(s.channel_name, s.title), s.site_type, s.title, s.url, s.state, g.name,
  EXISTS (SELECT 1 FROM hit h WHERE h.site = s.id AND h.effect = 'live')
FROM (SELECT DISTINCT site FROM channel_member WHERE principal = (SELECT id FROM me)) c
JOIN site s ON s.id = c.site JOIN site_order q ON q.site = s.id LEFT JOIN principal g ON g.id = s.grp
ORDER BY q.ord;
