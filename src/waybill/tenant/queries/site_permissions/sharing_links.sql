-- One row per live link of the asked sites.
SELECT o.url, CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, object_type(o.kind), link_type(k.scope),
  k.permission, l.name, k.created_by, k.created_at, k.expires_at, k.password, k.block_download,
  (SELECT count(*) FROM invite i WHERE i.link = k.principal), (SELECT count(*) FROM invite i WHERE i.link = k.principal AND i.redeemed),
  nullif(concat_ws('; ', t.people, CASE WHEN t.more > 0 THEN '(+' || t.more || ' more, see Group Members)' END), ''),
  k.link_id, p.name, s.url
FROM shown_entry e JOIN link k ON k.principal = e.principal JOIN principal p ON p.id = e.principal
JOIN securable o ON o.id = e.securable JOIN object b ON b.securable = e.securable JOIN site s ON s.id = e.site
JOIN level l ON l.id = e.level LEFT JOIN link_people t ON t.link = k.principal
JOIN principal_order q ON q.principal = e.principal
WHERE e.live
ORDER BY b.ord, q.ord, l.rank DESC, e.level;
