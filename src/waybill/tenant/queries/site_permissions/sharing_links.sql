-- One row per live link of a batch (run after batch): on the object it shares, at its strongest level.
-- A folder's link stands again on every item below with a list of its own: those are counted.
SELECT o.url, CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, link_type(k.scope),
  l.name, k.created_by, k.created_at, k.expires_at, k.password, k.block_download,
  coalesce(t.named, 0), coalesce(t.redeemed, 0),
  nullif(concat_ws('; ', t.people, CASE WHEN t.more > 0 THEN '(+' || t.more || ' more, see Group Members)' END), ''),
  k.link_id, k.name, object_type(o.kind), k.permission, count(*) OVER (PARTITION BY e.principal, l.id), s.url
FROM here e JOIN who k ON k.id = e.principal AND k.kind = 'link'
JOIN what o ON o.id = e.securable JOIN site s ON s.id = e.site
JOIN level l ON l.id = e.level LEFT JOIN link_people t ON t.link = k.id
WHERE e.live
QUALIFY row_number() OVER (PARTITION BY e.principal ORDER BY l.rank DESC, e.level, e.securable IS NOT DISTINCT FROM k.link_securable DESC, o.ord) = 1
ORDER BY o.ord, k.ord, l.rank DESC, e.level;
