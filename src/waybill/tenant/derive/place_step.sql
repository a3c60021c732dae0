INSERT INTO place
SELECT s.id, s.site, CASE WHEN s.has_acl THEN s.id ELSE p.scope END, p.scope, ($level)::SMALLINT,
       CASE WHEN s.kind IN ('list', 'library') THEN s.id WHEN s.kind = 'web' THEN NULL ELSE p.list END
FROM securable s JOIN place p ON p.securable = s.parent WHERE p.depth = $level - 1;
