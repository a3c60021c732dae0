-- One row per scope, role and link: list entries together by role, each link alone, administrators apart.
-- Links for people with existing access grant nothing and have no row (tenant-data.md 5.1).
WITH entry AS (
  SELECT a.securable, a.level, NULL::INTEGER AS link, a.principal
  FROM acl a JOIN principal p ON p.id = a.principal
  WHERE p.kind <> 'link' AND a.site BETWEEN getvariable('low') AND getvariable('high')
  UNION ALL
  SELECT a.securable, a.level, k.principal, i.principal
  FROM acl a JOIN link k ON k.principal = a.principal AND k.site BETWEEN getvariable('low') AND getvariable('high') LEFT JOIN invite i ON i.link = k.principal
  WHERE k.scope <> 'existing' AND a.site BETWEEN getvariable('low') AND getvariable('high')
  UNION ALL
  -- Level 0 is the administrator flag: outside every list, so with a scope of its own.
  SELECT s.securable, 0, NULL, a.principal
  FROM site_admin a JOIN spoken s ON s.site = a.site AND s.kind = 'root'
  WHERE a.site BETWEEN getvariable('low') AND getvariable('high')
),
shared AS (
  SELECT e.securable, e.level, e.link, list(r.shared ORDER BY r.principal) FILTER (r.principal IS NOT NULL) AS people,
         sum(r.user_count) AS users
  FROM entry e LEFT JOIN recipient r ON r.principal = e.principal
  GROUP BY e.securable, e.level, e.link
)
SELECT getvariable('ptenant') AS ptenant, s.site_guid AS "SiteId", s.web AS "WebId", s.list AS "ListId",
  CASE WHEN s.kind IN ('folder', 'file', 'item') THEN s.securable END AS "ListItemId",
  CASE WHEN s.kind IN ('folder', 'file', 'item') THEN s.guid END AS "UniqueId",
  CASE WHEN h.level = 0 THEN 'SiteAdmin' WHEN s.kind IN ('root', 'web') THEN 'Web' WHEN s.kind IN ('list', 'library') THEN 'List'
       WHEN s.kind = 'folder' THEN 'Folder' WHEN s.kind = 'file' THEN 'File' ELSE 'ListItem' END AS "ItemType",
  s.path AS "ItemURL",
  CASE WHEN s.kind = 'file' THEN nullif(regexp_extract(s.path, '\.([A-Za-z0-9]+)$', 1), '') END AS "FileExtension",
  CASE WHEN h.level = 0 THEN 'FullControl' WHEN v.id < 100 THEN replace(v.name, ' ', '') ELSE v.name END AS "RoleDefinition",
  k.link_id AS "LinkId",
  CASE k.scope WHEN 'anyone' THEN 'Anyone' WHEN 'organization' THEN 'Organization' WHEN 'specific' THEN 'SpecificPeople' END AS "LinkScope",
  CASE WHEN h.level = 0 THEN CAST(CAST(md5('admin/' || s.guid) AS UUID) AS VARCHAR) ELSE s.scope END AS "ScopeId",
  coalesce(h.people, []) AS "SharedWith", nullif(h.users, 0) AS "TotalUserCount",
  CASE WHEN k.principal IS NOT NULL THEN {'Type': 'User', 'Name': c.name, 'Email': c.email, 'UPN': k.created_by} END AS "ShareCreatedBy",
  strftime(k.created_at, '%Y-%m-%dT%H:%M:%SZ') AS "ShareCreatedTime",
  strftime(k.expires_at, '%Y-%m-%dT%H:%M:%SZ') AS "ShareExpirationTime",
  'Full' AS "Operation", getvariable('snapshot_date') AS "SnapshotDate"
FROM shared h
JOIN spoken s ON s.securable = h.securable
JOIN level v ON v.id = h.level
LEFT JOIN (FROM link WHERE site BETWEEN getvariable('low') AND getvariable('high')) k ON k.principal = h.link
LEFT JOIN author c ON c.upn = k.created_by
ORDER BY h.securable, h.level, h.link NULLS FIRST
