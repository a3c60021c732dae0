-- The securables of the sites at hand (from low to high) with the ids and host-relative paths the datasets
-- use. A scope's GUID is not the object's own, as in SharePoint; it follows from it, so that every run
-- writes the same files.
CREATE TEMP VIEW spoken AS
WITH mine AS (FROM securable WHERE site BETWEEN getvariable('low') AND getvariable('high'))
SELECT s.id AS securable, s.site, t.guid AS site_guid, w.guid AS web, l.guid AS list, s.guid, s.kind, s.has_acl,
  CAST(CAST(md5('scope/' || s.guid) AS UUID) AS VARCHAR) AS scope,
  replace(replace(replace(regexp_replace(s.url, '^https://[^/]+/', ''), '%20', ' '), '%23', '#'), '%25', '%') AS path,
  replace(replace(replace(regexp_replace(t.url, '^https://[^/]+/', ''), '%20', ' '), '%23', '#'), '%25', '%') AS site_path
FROM mine s
JOIN site t ON t.id = s.site
JOIN (FROM spot WHERE site BETWEEN getvariable('low') AND getvariable('high')) p ON p.securable = s.id
JOIN mine w ON w.id = p.web
LEFT JOIN mine l ON l.id = p.list;
