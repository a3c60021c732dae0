-- One row per site the person reaches: how strongly, and how much of it.
WITH per_object AS (
  SELECT h.site, h.securable, max(l.rank::INTEGER * 100000 - h.level) AS strongest, bool_or(h.is_admin) AS admin,
    max(l.rank::INTEGER * 100000 - h.level) FILTER (o.kind = 'root' AND NOT EXISTS (SELECT 1 FROM link k WHERE k.principal = h.principal)) AS whole,
    count(*) AS grants
  FROM hit h JOIN level l ON l.id = h.level JOIN securable o ON o.id = h.securable WHERE h.effect = 'live' GROUP BY h.site, h.securable
),
per_site AS (
  SELECT site, max(strongest) AS strongest, max(whole) AS whole, bool_or(admin) AS admin, count(*) AS objects, sum(grants)::BIGINT AS grants
  FROM per_object GROUP BY site
)
SELECT s.title, s.url, s.guid, s.module, s.site_type, s.channel_name, s.privacy, s.state, g.name, v.name, w.name,
  CASE WHEN p.whole IS NULL THEN 'Parts only' ELSE 'Entire site' END, p.admin, p.objects, p.grants,
  s.id IN (SELECT site FROM channel_member WHERE principal = (SELECT id FROM me))
FROM per_site p JOIN site s ON s.id = p.site JOIN site_order q ON q.site = p.site
JOIN level v ON v.rank::INTEGER * 100000 - v.id = p.strongest LEFT JOIN level w ON w.rank::INTEGER * 100000 - w.id = p.whole
LEFT JOIN (SELECT g.id, g.name FROM principal g JOIN (SELECT DISTINCT s.grp FROM site s SEMI JOIN per_site p ON p.site = s.id) s ON s.grp = g.id) g
  ON g.id = s.grp
ORDER BY q.ord;
