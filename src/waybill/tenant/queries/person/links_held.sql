-- Sharing links that name the person, or a group that holds them; whether opened, whether they work.
WITH live AS (SELECT DISTINCT principal FROM hit WHERE effect = 'live')
SELECT k.link_id, link_type(k.scope), k.permission, object_type(o.kind), CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, o.url,
  s.title, s.url, n.distance = 0, p.name, i.redeemed, v.principal IS NOT NULL AND n.passes
    AND (k.scope = 'specific' OR (k.scope = 'organization' AND i.redeemed)),
  me.name || n.path || coalesce(t.text, ''), k.created_by, k.created_at, k.expires_at, k.expires_at <= me.as_of
FROM (SELECT link, principal, bool_or(redeemed) AS redeemed FROM invite GROUP BY link, principal) i
JOIN named n ON n.principal = i.principal CROSS JOIN me
JOIN link k ON k.principal = i.link JOIN principal p ON p.id = i.principal JOIN principal_order u ON u.principal = p.id
JOIN site s ON s.id = k.site JOIN site_order q ON q.site = s.id LEFT JOIN step t ON t.principal = k.principal
LEFT JOIN securable o ON o.id = k.securable LEFT JOIN object b ON b.securable = k.securable LEFT JOIN live v ON v.principal = k.principal
ORDER BY q.ord, b.ord NULLS LAST, k.link_id, k.principal, n.distance, u.ord;
