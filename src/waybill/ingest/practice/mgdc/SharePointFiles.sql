-- All files, those that inherit too; ScopeId is the scope that governs them.
SELECT getvariable('ptenant') AS ptenant, s.site_guid AS "SiteId", s.web AS "WebId", s.list AS "ListId", s.guid AS "ItemId", g.scope AS "ScopeId",
  t.url AS "SiteUrl",
  regexp_replace(s.path[length(s.site_path) + 2:], '/[^/]*$', '', 's') AS "DirName", regexp_extract(s.path, '[^/]*$', 0, 's') AS "FileName",
  nullif(regexp_extract(s.path, '\.([A-Za-z0-9]+)$', 1), '') AS "Extension",
  CASE WHEN t.site_type = 'OneDrive' THEN 'MySiteDocumentLibrary' ELSE 'DocumentLibrary' END AS "ListServerTemplate",
  false AS "IsLabelEncrypted", 1 AS "MajorVersion", 0 AS "MinorVersion",
  {'Id': CASE WHEN f.label IS NOT NULL THEN CAST(CAST(md5('label/' || f.label) AS UUID) AS VARCHAR) END, 'DisplayName': f.label} AS "SensitivityLabelInfo",
  coalesce(d.size, 1000 + hash(s.guid) % 9000000) AS "SizeInBytes",
  2 * coalesce(d.size, 1000 + hash(s.guid) % 9000000) AS "SizeInBytesWithVersions",
  coalesce(strftime(d.created_at, '%Y-%m-%dT%H:%M:%SZ'), '2025-01-15T09:00:00Z') AS "TimeCreated", strftime(f.modified_at, '%Y-%m-%dT%H:%M:%SZ') AS "TimeLastModified",
  {'Name': 'System Account', 'Email': NULL::VARCHAR} AS "Author",
  {'Name': coalesce(d.modified_by, 'System Account'), 'Email': d.modified_by} AS "ModifiedBy",
  'Full' AS "Operation", getvariable('snapshot_date') AS "SnapshotDate"
FROM spoken s
JOIN (FROM object WHERE site BETWEEN getvariable('low') AND getvariable('high')) o ON o.securable = s.securable
JOIN spoken g ON g.securable = o.scope
JOIN (FROM securable WHERE site BETWEEN getvariable('low') AND getvariable('high')) f ON f.id = s.securable
JOIN site t ON t.id = s.site
-- Of a OneDrive the sizes are known.
LEFT JOIN (SELECT a.site, i.* FROM site_admin a JOIN drive_item i ON i.owner = a.principal AND i.kind = 'file' WHERE a.is_primary) d
  ON t.module = 'OneDrive' AND d.site = s.site AND d.path = regexp_replace(s.path[length(s.site_path) + 2:], '^[^/]*/', '')
WHERE s.kind = 'file'
ORDER BY s.securable
