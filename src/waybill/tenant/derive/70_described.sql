-- Each principal with all that reports say of it: joined once here, so that a report only picks out
-- the ones it needs. On a tenant with millions of links that join would not fit a report's memory.
CREATE TABLE described AS
SELECT p.id, p.kind, p.site, p.of_group, p.login, p.name, p.upn, p.email, p.user_type, p.external, p.status, o.ord,
  c.users, c.external_users, c.orphaned, c.direct_members, c.owners, coalesce(c.unknown, false) AS unknown, coalesce(c.foreign_group, false) AS foreign_group,
  k.scope, k.securable AS link_securable, k.permission, k.link_id, k.expires_at, k.created_by, k.created_at, k.password, k.block_download
FROM principal p
JOIN principal_order o ON o.principal = p.id
LEFT JOIN headcount c ON c.principal = p.id
LEFT JOIN link k ON k.principal = p.id
-- What belongs to a site lies together: a report on some sites reads little else.
ORDER BY p.site NULLS FIRST, p.id;
