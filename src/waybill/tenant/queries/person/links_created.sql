-- Sharing links that name the person as their maker: by sign-in name, or by a mail address that is no
-- one else's sign-in name. A replaced account made none: its name belongs to its successor.
SELECT k.link_id, link_type(k.scope), k.permission, object_type(o.kind), CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, o.url,
  s.title, s.url, k.created_by, k.created_at, k.expires_at, k.expires_at <= me.as_of, k.password, k.block_download,
  (SELECT count(*) FROM invite i WHERE i.link = k.principal), (SELECT count(*) FROM invite i WHERE i.link = k.principal AND i.redeemed)
FROM link k JOIN me ON me.status <> 'id_mismatch' AND (lower(k.created_by) = lower(me.upn)
    OR (lower(k.created_by) = lower(me.email)
        AND NOT EXISTS (SELECT 1 FROM principal x WHERE x.kind = 'user' AND x.id <> me.id AND lower(x.upn) = lower(me.email))))
JOIN site s ON s.id = k.site JOIN site_order q ON q.site = s.id LEFT JOIN securable o ON o.id = k.securable
LEFT JOIN object b ON b.securable = k.securable
ORDER BY q.ord, b.ord NULLS LAST, k.link_id, k.principal;
