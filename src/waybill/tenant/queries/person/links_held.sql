-- Sharing links that name the person, or a group that holds them; whether opened, whether they work.
-- What the links lead to is found first and joined inside: a left join alone would read all two million names.
WITH live AS (SELECT DISTINCT principal FROM hit WHERE effect = 'live'),
held AS MATERIALIZED (
  SELECT i.link, i.principal, bool_or(i.redeemed) AS redeemed
  FROM invite i SEMI JOIN named n ON n.principal = i.principal GROUP BY i.link, i.principal
),
mine AS MATERIALIZED (SELECT k.* FROM link k SEMI JOIN held i ON i.link = k.principal),
led AS MATERIALIZED (
  SELECT o.id, o.kind, o.name, o.url, b.ord
  FROM securable o JOIN (SELECT DISTINCT securable FROM mine) m ON m.securable = o.id LEFT JOIN (
    SELECT b.securable, b.ord FROM object b SEMI JOIN mine m ON m.securable = b.securable
  ) b ON b.securable = o.id
)
SELECT k.link_id, link_type(k.scope), k.permission, object_type(o.kind), CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, o.url,
  s.title, s.url, n.distance = 0, p.name, i.redeemed, v.principal IS NOT NULL AND n.passes
    AND (k.scope = 'specific' OR (k.scope = 'organization' AND i.redeemed)),
  me.name || n.path || coalesce(t.text, ''), k.created_by, k.created_at, k.expires_at, k.expires_at <= me.as_of
FROM held i
JOIN named n ON n.principal = i.principal CROSS JOIN me
JOIN mine k ON k.principal = i.link JOIN principal p ON p.id = i.principal JOIN principal_order u ON u.principal = p.id
JOIN site s ON s.id = k.site JOIN site_order q ON q.site = s.id
LEFT JOIN (SELECT t.principal, t.text FROM step t SEMI JOIN mine m ON m.principal = t.principal) t ON t.principal = k.principal
LEFT JOIN led o ON o.id = k.securable LEFT JOIN live v ON v.principal = k.principal
ORDER BY q.ord, o.ord NULLS LAST, k.link_id, k.principal, n.distance, u.ord;
