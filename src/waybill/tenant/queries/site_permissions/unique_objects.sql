-- Objects of a batch, below the root, that own an access list, and how it differs from the one above.
WITH own AS (SELECT id AS securable, parent_scope FROM what WHERE parent IS NOT NULL),
listed AS (
  SELECT e.securable, e.principal, p.shown_name AS name, p.ord FROM (SELECT DISTINCT securable, principal FROM here WHERE NOT is_admin) e JOIN who p ON p.id = e.principal
),
change AS (
  SELECT o.securable, 'extra' AS what, h.name, h.ord FROM own o JOIN listed h ON h.securable = o.securable
    WHERE NOT EXISTS (SELECT 1 FROM listed t WHERE t.securable = o.parent_scope AND t.principal = h.principal)
  UNION ALL
  SELECT o.securable, 'missing', h.name, h.ord FROM own o JOIN listed h ON h.securable = o.parent_scope
    WHERE NOT EXISTS (SELECT 1 FROM listed t WHERE t.securable = o.securable AND t.principal = h.principal)
),
measured AS (
  SELECT *, sum(length(name) + 2) OVER (PARTITION BY securable, what ORDER BY ord, name ROWS UNBOUNDED PRECEDING) AS chars FROM change
),
told AS (
  SELECT securable, what, string_agg(name, '; ' ORDER BY ord, name) FILTER (chars <= 30000)
    || CASE WHEN count(*) FILTER (chars > 30000) > 0 THEN '; (+' || count(*) FILTER (chars > 30000) || ' more, see Permissions)' ELSE '' END AS names,
    count(*) AS principals
  FROM measured GROUP BY securable, what
)
SELECT c.name, c.depth, c.items, c.modified_at, x.names, m.names,
  coalesce(x.principals, 0), coalesce(m.principals, 0), object_type(c.kind), c.url, g.url, s.url
FROM own o JOIN what c ON c.id = o.securable JOIN site s ON s.id = c.site
LEFT JOIN what g ON g.id = o.parent_scope
LEFT JOIN told x ON x.securable = o.securable AND x.what = 'extra'
LEFT JOIN told m ON m.securable = o.securable AND m.what = 'missing'
ORDER BY c.ord;
