-- What every permission row and file stands on. ItemURL is relative to the host, without leading slash,
-- not percent-encoded; `rel` is what follows the site's own path (`base`), in the spelling of the source.
-- Looked through twice, for a few rows and for all: cheaper than to keep it.
CREATE TEMP VIEW raw_place AS
SELECT *, word = 'web' AND (untold OR lower(path) = lower(site_path) OR coalesce(web = root_web, false)) AS is_root
FROM (
  SELECT p.rowid AS source, s.site, lower(p.ItemType) AS word, p.ScopeId AS scope, p.WebId AS web, p.ListId AS list, p.UniqueId AS item,
         p.ItemURL IS NULL AS untold, s.root_web, s.path AS site_path,
         -- Few have a host to cut off; asking first is far cheaper than the pattern.
         trim(CASE WHEN contains(p.ItemURL, '://') THEN regexp_replace(p.ItemURL, '^[a-zA-Z]+://[^/]+', '') ELSE coalesce(p.ItemURL, '') END, '/') AS path
  FROM landed.SharePointPermissions p JOIN place_site s ON s.guid = p.SiteId WHERE lower(p.ItemType) <> 'siteadmin'
);

-- Where a site was renamed, its rows may still have the path its root web's row has. within, renamed: what paths in the site begin with.
CREATE TEMP TABLE base AS
SELECT s.site, s.host, s.url, s.path, r.alias, lower(s.path) || '/' AS within, lower(r.alias) || '/' AS renamed FROM place_site s
LEFT JOIN (SELECT site, min(path) AS alias FROM raw_place WHERE is_root AND path <> '' GROUP BY site) r USING (site);

CREATE TEMP TABLE placed AS
SELECT source, site, word, scope, is_root, web, list, item,
  CASE stand WHEN 'root' THEN '' WHEN 'top' THEN told WHEN 'within' THEN told[length(path) + 2:] WHEN 'renamed' THEN told[length(alias) + 2:] ELSE told END AS rel,
  CASE stand WHEN 'renamed' THEN host || '/' || alias WHEN 'loose' THEN host ELSE url END AS base,
  -- A path that lies outside its site: its folders are not this site's.
  stand = 'loose' AS loose
FROM (
  SELECT r.source, r.site, r.word, r.scope, r.is_root, r.web, r.list, r.item, r.path AS told, b.path, b.alias, b.host, b.url,
    CASE WHEN is_root THEN 'root' WHEN b.path = '' THEN 'top' WHEN starts_with(low, b.within) THEN 'within'
         WHEN starts_with(low, b.renamed) THEN 'renamed' ELSE 'loose' END AS stand
  FROM (SELECT *, lower(path) AS low FROM raw_place) r JOIN base b USING (site)
);

CREATE TEMP TABLE node (
  site INTEGER, key VARCHAR, scope VARCHAR, rel VARCHAR, base VARCHAR, loose BOOLEAN, word VARCHAR, guid VARCHAR, has_acl BOOLEAN,
  modified_at TIMESTAMP, label VARCHAR, up VARCHAR
);
CREATE TEMP TABLE file_place AS
SELECT site, lower(rel) AS key, min(rel) AS rel, min(ItemId) AS guid, max(TimeLastModified) AS modified_at, min(label) AS label
FROM (
  SELECT s.site, f.ItemId, f.TimeLastModified, coalesce(f.LabelName, f.LabelId) AS label,
    CASE WHEN dir = '' THEN f.FileName ELSE dir || '/' || f.FileName END AS rel
  FROM (SELECT *, trim(coalesce(DirName, ''), '/') AS folder,
          trim(CASE WHEN contains(SiteUrl, '://') THEN regexp_replace(SiteUrl, '^[a-zA-Z]+://[^/]+', '') ELSE coalesce(SiteUrl, '') END, '/') AS web
        FROM landed.SharePointFiles) f
  JOIN place_site s ON s.guid = f.SiteId,
  -- DirName counts from its web; some pulls count from the host.
  LATERAL (SELECT CASE WHEN s.path <> '' AND (lower(f.folder) = lower(s.path) OR starts_with(lower(f.folder), lower(s.path) || '/')) THEN f.folder[length(s.path) + 2:]
                       WHEN starts_with(lower(f.web), lower(s.path) || '/') THEN f.web[length(s.path) + 2:] || '/' || f.folder
                       ELSE f.folder END AS dir)
) GROUP BY site, lower(rel);

INSERT INTO node BY NAME
SELECT n.* EXCLUDE (guid), coalesce(n.guid, f.guid) AS guid, f.modified_at, f.label
FROM (
  SELECT site, lower(rel) AS key, coalesce(scope, '') AS scope, min(rel) AS rel, min(base) AS base, bool_or(loose) AS loose, min(word) AS word,
         min(CASE word WHEN 'web' THEN web WHEN 'list' THEN list ELSE item END) AS guid, true AS has_acl
  FROM placed WHERE NOT is_root GROUP BY site, lower(rel), coalesce(scope, '')
) n LEFT JOIN file_place f ON f.site = n.site AND f.key = n.key;
INSERT INTO node BY NAME
SELECT f.site, f.key, '' AS scope, f.rel, b.url AS base, false AS loose, 'file' AS word, f.guid, false AS has_acl, f.modified_at, f.label
FROM file_place f JOIN base b USING (site)
WHERE f.key <> '' AND NOT EXISTS (SELECT 1 FROM node n WHERE n.site = f.site AND n.key = f.key);
-- Tables full of paths go as soon as they are not needed: on a large tenant they would be spilled.
DROP TABLE file_place;

-- A list lies directly in a web: that tells subsites no row is about.
CREATE TEMP TABLE web AS
SELECT site, '' AS key FROM place_site
UNION SELECT site, key FROM node WHERE word = 'web'
UNION SELECT site, regexp_replace(regexp_replace(key, '(^|/)[^/]*$', ''), '(^|/)lists$', '') FROM node WHERE word = 'list' AND NOT loose;
