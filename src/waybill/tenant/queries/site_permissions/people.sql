-- One row per person and site of a batch: who, how strongly, and why (run after people_stage).
WITH subject AS (
  SELECT id AS usr, name FROM human
  UNION ALL SELECT -1, 'Anyone with the link'
),
told AS (
  SELECT r.site, r.usr, r.place, n.name
    || CASE WHEN r.container IS NULL OR r.container = r.principal THEN '' ELSE dt.text END
    || CASE WHEN r.usr = r.principal THEN '' WHEN r.container IS NULL OR r.container = r.principal THEN st.text ELSE k.path END
    || CASE WHEN (r.best).is_admin THEN ' -> site administrator' ELSE '' END
    || ' -> ' || l.name || ' on ' || on_object(o.kind, o.name) AS path
  FROM ranked r JOIN subject n ON n.usr = r.usr
  JOIN level l ON l.id = (r.best).level JOIN what o ON o.id = (r.best).securable
  LEFT JOIN said st ON st.principal = r.principal
  LEFT JOIN said dt ON dt.principal = r.container
  LEFT JOIN leads k ON k.descendant = r.container AND k.ancestor = r.principal
),
summed AS (
  SELECT h.site, h.usr, bool_or(w.whole) AS whole, arg_max(w.on_site.level, (w.on_site.rank, -w.on_site.level)) AS site_level,
         sum(w.grants * h.memberships)::BIGINT AS paths, bool_and(w.by_link) AS link_only
  FROM hit h JOIN grantee w ON w.site = h.site AND w.principal = h.principal GROUP BY h.site, h.usr
),
strongest AS (SELECT site, usr, (best).level AS level FROM ranked WHERE place = 1),
paths AS (
  SELECT site, usr, any_value(path) FILTER (place = 1) AS best, string_agg(path, '; ' ORDER BY place) FILTER (place > 1) AS others, count(*) AS told
  FROM told GROUP BY site, usr
)
SELECT coalesce(p.name, 'Anyone with the link'), p.upn, p.email,
  CASE WHEN p.id IS NULL THEN 'Anonymous' WHEN p.special THEN 'Special Group'
       ELSE coalesce(p.user_type, CASE WHEN p.external THEN 'Guest' ELSE 'Member' END) END,
  CASE WHEN NOT p.special THEN status_word(p.status) END,
  l.name, CASE WHEN m.whole THEN 'Entire site' ELSE 'Parts only' END, c.objects, m.paths, t.best,
  nullif(concat_ws(' ', t.others, CASE WHEN m.paths > t.told THEN '(+' || (m.paths - t.told) || ' more)' END), ''),
  m.link_only, y.name, s.title, s.url,
  nullif(concat_ws(';', CASE WHEN p.external AND p.user_type = 'Member' THEN 'Member-type B2B' END,
                 CASE WHEN p.special THEN special_rule(p.kind) END), '')
FROM summed m JOIN site s ON s.id = m.site JOIN now_site z ON z.site = m.site
LEFT JOIN human p ON p.id = m.usr
JOIN strongest g ON g.site = m.site AND g.usr = m.usr JOIN level l ON l.id = g.level
LEFT JOIN level y ON y.id = m.site_level
JOIN object_count c ON c.site = m.site AND c.usr = m.usr
JOIN paths t ON t.site = m.site AND t.usr = m.usr
ORDER BY z.ord, p.ord NULLS LAST;
