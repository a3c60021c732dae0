-- One row per person and site of a batch: who, how strongly, and why (run after people_stage), those numbered
-- from $first up to before $until. `human` is every person among them, in words, and the holder of an anyone link.
WITH asked AS MATERIALIZED (FROM line WHERE position >= $first AND position < $until),
human AS (
  SELECT d.id, d.name, d.upn, d.email,
    CASE WHEN is_special(d.kind) THEN 'Special Group' ELSE coalesce(d.user_type, CASE WHEN d.external THEN 'Guest' ELSE 'Member' END) END AS type,
    CASE WHEN NOT is_special(d.kind) THEN status_word(d.status) END AS status,
    nullif(concat_ws(';', CASE WHEN d.external AND d.user_type = 'Member' THEN 'Member-type B2B' END, t.rule), '') AS notes
  FROM directory d SEMI JOIN asked a ON a.usr = d.id LEFT JOIN special_rule_text t ON t.kind = d.kind
  WHERE d.kind = 'user' OR is_special(d.kind)
  UNION ALL SELECT -1, 'Anyone with the link', NULL, NULL, 'Anonymous', NULL, NULL
)
SELECT m.position, p.name, p.upn, p.email, p.type, p.status,
  r.level, CASE WHEN m.whole THEN 'Entire site' ELSE 'Parts only' END, m.objects, m.paths, p.name || r.text,
  CASE WHEN m.paths > 1 THEN nullif(concat_ws(' ',
    nullif(concat_ws('; ', p.name || r2.text, p.name || r3.text, p.name || r4.text), ''),
    CASE WHEN m.paths > m.told THEN '(+' || (m.paths - m.told) || ' more)' END), '') END,
  m.link_only, m.site_level, s.title, s.url, p.notes
FROM asked m
JOIN site s ON s.id = m.site
JOIN human p ON p.id = m.usr
JOIN told r ON r.id = m.first
LEFT JOIN told r2 ON r2.id = m.second LEFT JOIN told r3 ON r3.id = m.third LEFT JOIN told r4 ON r4.id = m.fourth;
