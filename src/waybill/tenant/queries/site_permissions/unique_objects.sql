-- Objects below the root that own an access list, and how it differs from the one above.
WITH own AS (
  SELECT b.securable, b.parent_scope, b.depth, b.ord, b.site
  FROM object b JOIN asked_site a ON a.site = b.site JOIN securable o ON o.id = b.securable AND o.has_acl AND o.parent IS NOT NULL
),
listed AS (
  SELECT DISTINCT e.securable, e.principal, CASE WHEN p.kind = 'link' THEN link_name(k.scope) ELSE p.name END AS name, q.ord
  FROM shown_entry e JOIN principal p ON p.id = e.principal LEFT JOIN link k ON k.principal = p.id
  JOIN principal_order q ON q.principal = p.id WHERE NOT e.is_admin
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
SELECT s.url, c.name, object_type(c.kind), c.url, o.depth::BIGINT, coalesce(w.items, 0), c.modified_at, g.url,
  coalesce(x.principals, 0), x.names, coalesce(m.principals, 0), m.names
FROM own o JOIN securable c ON c.id = o.securable JOIN site s ON s.id = o.site
LEFT JOIN below w ON w.securable = o.securable LEFT JOIN securable g ON g.id = o.parent_scope
LEFT JOIN told x ON x.securable = o.securable AND x.what = 'extra'
LEFT JOIN told m ON m.securable = o.securable AND m.what = 'missing'
ORDER BY o.ord;
