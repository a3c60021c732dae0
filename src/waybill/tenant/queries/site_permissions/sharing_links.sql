-- One row per live link of a batch (run after who_text and sharing_links_stage), numbered from $first up to before $until.
SELECT e.position, o.url, CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, link_type(k.scope),
  e.level, k.created_by, k.created_at, k.expires_at, k.password, k.block_download,
  coalesce(t.named, 0), coalesce(t.redeemed, 0),
  nullif(concat_ws('; ', t.people, CASE WHEN t.more > 0 THEN '(+' || t.more || ' more, see Group Members)' END), ''),
  k.link_id, k.name, object_type(o.kind), k.permission, e.objects, s.url
FROM (FROM line WHERE position >= $first AND position < $until) e
JOIN who_text k ON k.id = e.principal
JOIN what o ON o.id = e.securable
JOIN site s ON s.id = e.site
LEFT JOIN link_people t ON t.link = e.principal;
