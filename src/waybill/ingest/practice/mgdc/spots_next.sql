INSERT INTO spot
SELECT s.id, s.site, CASE WHEN s.kind = 'web' THEN s.id ELSE p.web END,
  CASE WHEN s.kind IN ('list', 'library') THEN s.id WHEN s.kind = 'web' THEN NULL ELSE p.list END, $level
FROM securable s JOIN spot p ON p.securable = s.parent WHERE p.depth = $level - 1;
