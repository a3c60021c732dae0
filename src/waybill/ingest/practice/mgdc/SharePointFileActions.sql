-- What was done with files: what is told of people, and for the other days on which a group's file was
-- used, somebody without a name (a real pull has those too: anyone links, shared devices).
WITH place AS (
  SELECT s.securable, s.site, s.site_guid, s.web, s.list, s.guid, o.url, t.url AS site_url, t.grp, t.template,
    regexp_extract(t.url, '^https://[^/]+/', 0) || s.path AS address, regexp_extract(s.path, '[^/]*$', 0, 's') AS name,
    nullif(regexp_extract(s.path, '\.([A-Za-z0-9]+)$', 1), '') AS extension, ('0x' || left(md5(s.guid), 15))::BIGINT AS file
  FROM spoken s
  JOIN securable o ON o.id = s.securable
  JOIN site t ON t.id = s.site
  WHERE s.kind = 'file'
),
named AS (
  SELECT p.*, e.at AS moment, e.operation, a.name AS actor, coalesce(a.email, a.upn) AS email
  FROM activity_event e
  JOIN place p ON p.site = e.site AND p.url = e.object
  JOIN principal a ON a.id = e.principal
  WHERE e.operation LIKE 'File%'
),
everybody AS (
  SELECT * FROM named
  UNION ALL
  SELECT p.*, g.day + INTERVAL 12 HOUR, 'FileAccessed', NULL, NULL
  FROM group_file_day g
  JOIN place p ON p.grp = g.grp AND p.file = g.file
  ANTI JOIN (SELECT * FROM named WHERE operation <> 'FileDeleted') n
    ON n.grp = g.grp AND n.file = g.file AND n.moment::DATE = g.day
)
SELECT getvariable('ptenant') AS ptenant, site_guid AS "SiteId", site_url AS "SiteUrl", web AS "WebId",
  CASE template WHEN 'STS' THEN 1 WHEN 'SPSPERS' THEN 21 WHEN 'GROUP' THEN 64 WHEN 'SITEPAGEPUBLISHING' THEN 68 ELSE 69 END AS "WebTemplateId",
  list AS "ListId", guid AS "ListItemId", address AS "ItemURL", name AS "ItemName", extension AS "ItemExtension",
  strftime(moment, '%Y-%m-%dT%H:%M:%S.0000000+00:00') AS "ActionDate", 'User' AS "ActorType",
  CASE WHEN email IS NULL THEN 'Anonymous' ELSE 'AAD' END AS "ActorIdType", actor AS "ActorDisplayName", email AS "ActorEmail",
  operation AS "ActionName", strftime(moment, '%Y-%m-%dT00:00:00Z') AS "SnapshotDate"
FROM everybody
ORDER BY moment, securable, email, operation
