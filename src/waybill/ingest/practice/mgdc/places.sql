-- Every securable with the ids and the host-relative path the datasets use. A scope's GUID is not the
-- object's own, as in SharePoint; it follows from it, so that every run writes the same files.
CREATE TEMP TABLE spoken AS
SELECT s.id AS securable, s.site, t.guid AS site_guid, p.web, p.list, s.guid, s.kind, s.has_acl,
  CAST(CAST(md5('scope/' || s.guid) AS UUID) AS VARCHAR) AS scope,
  replace(regexp_replace(s.url, '^https://[^/]+/', ''), '%20', ' ') AS path,
  replace(regexp_replace(t.url, '^https://[^/]+/', ''), '%20', ' ') AS site_path
FROM securable s JOIN site t ON t.id = s.site JOIN spot p ON p.securable = s.id;
