-- The files of people's OneDrives, and the folders their paths tell; what is in the files is not in such data.
CREATE TEMP TABLE drive_file AS
WITH held AS (
  SELECT f.*, a.principal AS owner, trim(coalesce(f.DirName, ''), '/') AS dir, s.path AS base
  FROM landed.SharePointFiles f
  JOIN place_site s ON s.guid = f.SiteId
  JOIN site o ON o.id = s.site AND o.module = 'OneDrive'
  JOIN (SELECT site, min(principal) AS principal FROM site_admin WHERE is_primary GROUP BY site) a ON a.site = s.site
  JOIN principal p ON p.id = a.principal AND p.kind = 'user'
  WHERE coalesce(f.ListServerTemplate, 'MySiteDocumentLibrary') = 'MySiteDocumentLibrary'
),
-- DirName counts from the site; some pulls count from the host.
counted AS (SELECT *, CASE WHEN base <> '' AND starts_with(lower(dir) || '/', lower(base) || '/') THEN dir[length(base) + 2:] ELSE dir END AS rel FROM held)
SELECT owner, SizeInBytes AS size, TimeCreated AS created_at, TimeLastModified AS modified_at,
  coalesce(ModifiedByEmail, ModifiedByName) AS modified_by, ItemId AS item,
  -- The drive is the library: its own name is no folder of it.
  CASE WHEN contains(rel, '/') THEN regexp_replace(rel, '^[^/]*/', '') || '/' ELSE '' END || FileName AS path
FROM counted;

INSERT INTO drive_item BY NAME
SELECT owner, path, 'folder' AS kind FROM (
  SELECT DISTINCT owner, array_to_string(parts[:n], '/') AS path
  FROM (SELECT owner, parts, unnest(generate_series(1, length(parts) - 1)) AS n
        FROM (SELECT owner, string_split(path, '/') AS parts FROM drive_file))
)
ORDER BY owner, path;
INSERT INTO drive_item BY NAME
SELECT owner, path, 'file' AS kind, size, created_at, modified_at, modified_by FROM drive_file
QUALIFY row_number() OVER (PARTITION BY owner, path ORDER BY modified_at DESC NULLS LAST, item) = 1
ORDER BY owner, path;
