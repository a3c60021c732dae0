-- One row per scope, role and link: list entries together by role, each link alone, administrators apart.
-- Links for people with existing access grant nothing and have no row (tenant-data.md 5.1).
WITH granted AS (
  SELECT a.securable, v.name AS level, list(a.principal ORDER BY a.principal) AS people, NULL::INTEGER AS link
  FROM acl a JOIN level v ON v.id = a.level JOIN principal p ON p.id = a.principal
  WHERE p.kind <> 'link' AND a.site % getvariable('parts') = getvariable('part')
  GROUP BY a.securable, v.name
  UNION ALL
  SELECT a.securable, v.name, (SELECT list(i.principal ORDER BY i.principal) FROM invite i WHERE i.link = k.principal), k.principal
  FROM acl a JOIN level v ON v.id = a.level JOIN link k ON k.principal = a.principal
  WHERE k.scope <> 'existing' AND a.site % getvariable('parts') = getvariable('part')
),
shared AS (
  SELECT row_number() OVER (ORDER BY s.site, g.securable, g.link NULLS FIRST, g.level) AS line, s.site_guid, s.web, s.list, s.guid, s.securable,
    CASE s.kind WHEN 'root' THEN 'Web' WHEN 'web' THEN 'Web' WHEN 'list' THEN 'List' WHEN 'library' THEN 'List'
                WHEN 'folder' THEN 'Folder' WHEN 'file' THEN 'File' ELSE 'ListItem' END AS kind,
    s.path, s.scope, g.link, g.people,
    CASE WHEN g.level IN ('Full Control', 'View Only', 'Limited Access', 'Web-Only Limited Access', 'Manage Hierarchy', 'Restricted Read', 'Restricted View')
         THEN replace(g.level, ' ', '') ELSE g.level END AS role
  FROM granted g JOIN spoken s ON s.securable = g.securable
  UNION ALL
  SELECT -1 - t.id, t.guid, s.web, NULL, NULL, s.securable, 'SiteAdmin', s.path,
    CAST(CAST(md5('admin/' || s.guid) AS UUID) AS VARCHAR), NULL, list(a.principal ORDER BY a.principal), 'FullControl'
  FROM site_admin a JOIN site t ON t.id = a.site JOIN spoken s ON s.site = t.id AND s.kind = 'root'
  WHERE t.id % getvariable('parts') = getvariable('part')
  GROUP BY ALL
),
named AS (
  SELECT e.line, list({'Type': r.share_type, 'Name': r.name, 'Email': r.email, 'AadObjectId': r.guid, 'UPN': r.upn, 'TypeV2': r.type_v2,
                       'UserCount': r.user_count, 'UserLoginName': r.login} ORDER BY r.principal) AS people,
         sum(r.user_count) AS users
  FROM (SELECT line, unnest(people) AS principal FROM shared) e JOIN recipient r ON r.principal = e.principal GROUP BY e.line
)
SELECT getvariable('ptenant') AS ptenant, s.site_guid AS "SiteId", s.web AS "WebId", s.list AS "ListId",
  CASE WHEN s.kind IN ('Folder', 'File', 'ListItem') THEN s.securable END AS "ListItemId",
  CASE WHEN s.kind IN ('Folder', 'File', 'ListItem') THEN s.guid END AS "UniqueId",
  s.kind AS "ItemType", s.path AS "ItemURL",
  CASE WHEN s.kind = 'File' THEN nullif(regexp_extract(s.path, '\.([A-Za-z0-9]+)$', 1), '') END AS "FileExtension",
  s.role AS "RoleDefinition", k.link_id AS "LinkId",
  CASE k.scope WHEN 'anyone' THEN 'Anyone' WHEN 'organization' THEN 'Organization' WHEN 'specific' THEN 'SpecificPeople' END AS "LinkScope",
  s.scope AS "ScopeId", coalesce(n.people, []) AS "SharedWith", nullif(n.users, 0) AS "TotalUserCount",
  CASE WHEN k.principal IS NOT NULL THEN {'Type': 'User', 'Name': c.name, 'Email': c.email, 'UPN': k.created_by} END AS "ShareCreatedBy",
  strftime(k.created_at, '%Y-%m-%dT%H:%M:%SZ') AS "ShareCreatedTime",
  strftime(k.expires_at, '%Y-%m-%dT%H:%M:%SZ') AS "ShareExpirationTime",
  'Full' AS "Operation", getvariable('snapshot_date') AS "SnapshotDate"
FROM shared s
LEFT JOIN named n ON n.line = s.line
LEFT JOIN link k ON k.principal = s.link
LEFT JOIN (SELECT upn, any_value(name) AS name, any_value(email) AS email FROM recipient WHERE kind = 'user' GROUP BY upn) c ON c.upn = k.created_by
ORDER BY s.line
