-- Objects of a batch, below the root, that own an access list, and how it differs from the one above (run after
-- unique_objects_stage), those numbered from $first up to before $until.
SELECT o.position, c.name, c.depth, c.items, c.modified_at, x.names, m.names,
  coalesce(x.principals, 0), coalesce(m.principals, 0), object_type(c.kind), c.url, g.url, s.url
FROM (FROM line WHERE position >= $first AND position < $until) o
JOIN what c ON c.id = o.securable
JOIN site s ON s.id = o.site
LEFT JOIN what g ON g.id = o.parent_scope
LEFT JOIN (FROM told WHERE extra) x ON x.securable = o.securable
LEFT JOIN (FROM told WHERE NOT extra) m ON m.securable = o.securable;
