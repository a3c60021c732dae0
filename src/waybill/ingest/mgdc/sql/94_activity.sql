-- Microsoft 365 groups, and what was done with files: by people, and in the libraries of groups.
INSERT INTO unified_group BY NAME
SELECT p.id AS grp,
  CASE WHEN lower(coalesce(d.visibility, s.privacy)) = 'public' THEN 'Public' WHEN coalesce(d.visibility, s.privacy) IS NOT NULL THEN 'Private' END
    AS visibility,
  s.files AS site_files, s.bytes AS site_bytes, d.deletedDateTime::DATE AS deleted_on
FROM principal p
LEFT JOIN landed.GroupDetails d ON d.id = p.entra_id
LEFT JOIN (
  SELECT o.grp, arg_min(o.privacy, o.id) AS privacy, sum(l.FileCount)::BIGINT AS files, sum(coalesce(l.StoredBytes, l.StorageUsed))::BIGINT AS bytes
  FROM site o JOIN landed.SharePointSites l ON l.Id = o.guid
  -- The site of a private or shared channel is a site of its own, not the group's.
  WHERE o.grp IS NOT NULL AND o.site_type NOT IN ('Private channel', 'Shared channel') GROUP BY o.grp
) s ON s.grp = p.id
WHERE p.kind = 'm365_group' ORDER BY p.id;

CREATE TEMP TABLE action AS
SELECT a.rowid AS source, s.site, o.module, o.grp, a.ActionDate AS moment, a.ActionName AS operation, lower(a.ActorEmail) AS email,
  lower(coalesce(a.ActorType, '')) AS sort, coalesce(a.ItemURL, a.ItemName) AS spelled,
  coalesce(a.ListItemId, lower(a.ItemURL)) AS item
FROM landed.SharePointFileActions a
LEFT JOIN place_site s ON s.guid = a.SiteId
LEFT JOIN site o ON o.id = s.site
WHERE a.ActionDate IS NOT NULL AND a.ActionName IS NOT NULL;

-- What the system did for somebody is not what they did.
INSERT INTO activity_event BY NAME
SELECT n.id AS principal, a.moment AS at, operation, a.site,
  CASE WHEN module = 'OneDrive' OR (module IS NULL AND spelled ILIKE '%-my.sharepoint.com/%') THEN 'OneDrive' ELSE 'SharePoint' END AS workload,
  replace(replace(replace(spelled, '%', '%25'), '#', '%23'), ' ', '%20') AS object
FROM action a
JOIN address w ON w.address = a.email
JOIN numbered n ON n.key = w.key
JOIN principal p ON p.id = n.id AND p.kind = 'user'
WHERE a.sort <> 'system' ORDER BY n.id, a.moment, a.source;

-- A file that was only deleted was not used. The number of a file follows from its id (else its address),
-- so that it is the same in every pull.
INSERT INTO group_file_day
SELECT DISTINCT grp, moment::DATE, ('0x' || left(md5(item), 15))::BIGINT FROM action
WHERE grp IS NOT NULL AND item IS NOT NULL AND sort <> 'system' AND operation <> 'FileDeleted'
  AND module IS DISTINCT FROM 'OneDrive' ORDER BY ALL;
