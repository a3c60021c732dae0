-- Everybody as SharedWith, Members and Owner structs name them (tenant-data.md 1.2, 1.3).
-- A group counts everybody nested in it; where nobody can know, the count stays away.
CREATE TEMP TABLE recipient AS
SELECT p.id AS principal, p.kind, coalesce(p.entra_id, g.entra_id) AS guid,
  CASE WHEN p.kind IN ('user', 'application') THEN 'User' WHEN p.kind = 'sp_group' THEN 'SharePointGroup' ELSE 'SecurityGroup' END AS member_type,
  CASE WHEN p.kind IN ('user', 'application') AND p.external THEN 'External'
       WHEN p.kind IN ('user', 'application') THEN 'Internal'
       WHEN p.kind = 'sp_group' THEN 'SharePointGroup' ELSE 'SecurityGroup' END AS share_type,
  CASE WHEN p.user_type = 'B2B direct' THEN 'B2BUser'
       WHEN p.kind IN ('user', 'application') AND p.external THEN 'ExternalUser'
       WHEN p.kind IN ('user', 'application') THEN 'InternalUser'
       WHEN p.kind = 'sp_group' THEN 'SharePointGroup' ELSE 'SecurityGroup' END AS type_v2,
  CASE WHEN p.kind IN ('user', 'application') THEN 1 ELSE h.users END AS user_count,
  p.name, p.email, p.upn, p.login
FROM principal p
LEFT JOIN principal g ON g.id = p.of_group
LEFT JOIN headcount h ON h.principal = p.id
WHERE p.kind <> 'link';
