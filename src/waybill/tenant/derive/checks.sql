-- The laws derived tables rely on; a source that breaks one is refused, not half loaded.
-- Each statement finds one row that breaks the rule named above it.

-- rule: principal ids are unique
SELECT id
  FROM principal
  GROUP BY id HAVING count(*) > 1 LIMIT 1;

-- rule: site ids are unique
SELECT id
  FROM site
  GROUP BY id HAVING count(*) > 1 LIMIT 1;

-- rule: securable ids are unique
SELECT id
  FROM securable
  GROUP BY id HAVING count(*) > 1 LIMIT 1;

-- rule: every site has exactly one root
SELECT s.id
  FROM site s
  LEFT JOIN securable r ON r.site = s.id AND r.parent IS NULL
  GROUP BY s.id HAVING count(r.id) <> 1 LIMIT 1;

-- rule: every root owns its access list
SELECT id
  FROM securable
  WHERE parent IS NULL AND NOT has_acl LIMIT 1;

-- rule: a securable's parent is on the same site
SELECT c.id
  FROM securable c
  LEFT JOIN securable p ON p.id = c.parent AND p.site = c.site
  WHERE c.parent IS NOT NULL AND p.id IS NULL LIMIT 1;

-- rule: entries name an existing securable that owns its list
SELECT a.securable
  FROM acl a
  LEFT JOIN securable s ON s.id = a.securable AND s.has_acl AND s.site = a.site
  WHERE s.id IS NULL LIMIT 1;

-- rule: entries name existing principals
SELECT a.principal
  FROM acl a
  ANTI JOIN principal p ON p.id = a.principal LIMIT 1;

-- rule: entries name existing levels
SELECT a.level
  FROM acl a
  ANTI JOIN level l ON l.id = a.level LIMIT 1;

-- rule: members and containers exist
SELECT container, member
  FROM member m
  WHERE container NOT IN (SELECT id
  FROM principal)
  OR member NOT IN (SELECT id
  FROM principal) LIMIT 1;

-- rule: each link principal has one record
SELECT p.id
  FROM principal p
  LEFT JOIN link l ON l.principal = p.id
  WHERE p.kind = 'link'
  GROUP BY p.id HAVING count(l.principal) <> 1 LIMIT 1;
