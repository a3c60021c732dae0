-- Sharing links that name the person as their maker: by sign-in name, or by a mail address that is no
-- one else's sign-in name. A replaced account made none: its name belongs to its successor.
-- What the links lead to is found first and joined inside, as for those held.
WITH names AS MATERIALIZED (
  SELECT lower(upn) AS name FROM me WHERE status <> 'id_mismatch'
  UNION
  SELECT lower(email) FROM me WHERE status <> 'id_mismatch'
    AND NOT EXISTS (SELECT 1 FROM principal x WHERE x.kind = 'user' AND x.id <> me.id AND lower(x.upn) = lower(me.email))
),
made AS MATERIALIZED (SELECT k.principal FROM link k SEMI JOIN names n ON n.name = lower(k.created_by)),
mine AS MATERIALIZED (SELECT k.* FROM link k SEMI JOIN made m ON m.principal = k.principal),
led AS MATERIALIZED (
  SELECT o.id, o.kind, o.name, o.url, b.ord
  FROM securable o JOIN (SELECT DISTINCT securable FROM mine) m ON m.securable = o.id LEFT JOIN (
    SELECT b.securable, b.ord FROM object b SEMI JOIN mine m ON m.securable = b.securable
  ) b ON b.securable = o.id
),
opened AS (
  SELECT i.link, count(*) AS invited, count(*) FILTER (i.redeemed) AS redeemed
  FROM invite i SEMI JOIN mine k ON k.principal = i.link GROUP BY i.link
)
SELECT k.link_id, link_type(k.scope), k.permission, object_type(o.kind), CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, o.url,
  s.title, s.url, k.created_by, k.created_at, k.expires_at, k.expires_at <= me.as_of, k.password, k.block_download,
  coalesce(i.invited, 0), coalesce(i.redeemed, 0)
FROM mine k CROSS JOIN me JOIN site s ON s.id = k.site JOIN site_order q ON q.site = s.id
LEFT JOIN led o ON o.id = k.securable LEFT JOIN opened i ON i.link = k.principal
ORDER BY q.ord, o.ord NULLS LAST, k.link_id, k.principal;
