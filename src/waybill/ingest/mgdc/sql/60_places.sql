-- What every permission row and file stands on. ItemURL is relative to the host, without leading slash,
-- not percent-encoded; `rel` is what follows the site's own path (`base`), in the spelling of the source.
CREATE TEMP TABLE raw_place AS
SELECT p.rowid AS source, s.site, lower(p.ItemType) AS word, p.ScopeId AS scope, p.WebId AS web, p.ListId AS list, p.UniqueId AS item,
       trim(regexp_replace(coalesce(p.ItemURL, ''), '^[a-zA-Z]+://[^/]+', ''), '/') AS path,
       lower(p.ItemType) = 'web' AND (p.ItemURL IS NULL OR p.WebId = s.root_web
         OR lower(trim(regexp_replace(p.ItemURL, '^[a-zA-Z]+://[^/]+', ''), '/')) = lower(s.path)) AS is_root
FROM landed.SharePointPermissions p JOIN place_site s ON s.guid = p.SiteId WHERE lower(p.ItemType) <> 'siteadmin';

-- Where a site was renamed, its rows may still have the path its root web's row has.
CREATE TEMP TABLE base AS
SELECT s.site, s.host, s.url, s.path, r.alias FROM place_site s
LEFT JOIN (SELECT site, min(path) AS alias FROM raw_place WHERE is_root AND path <> '' GROUP BY site) r USING (site);

CREATE TEMP TABLE placed AS
SELECT r.source, r.site, r.word, r.scope, r.is_root, r.web, r.list, r.item,
  CASE WHEN is_root THEN '' WHEN b.path = '' THEN r.path WHEN starts_with(lower(r.path), lower(b.path) || '/') THEN r.path[length(b.path) + 2:]
       WHEN starts_with(lower(r.path), lower(b.alias) || '/') THEN r.path[length(b.alias) + 2:] ELSE r.path END AS rel,
  CASE WHEN is_root OR b.path = '' OR starts_with(lower(r.path), lower(b.path) || '/') THEN b.url
       WHEN starts_with(lower(r.path), lower(b.alias) || '/') THEN b.host || '/' || b.alias ELSE b.host END AS base,
  -- A path that lies outside its site: its folders are not this site's.
  NOT (is_root OR b.path = '' OR starts_with(lower(r.path), lower(b.path) || '/') OR coalesce(starts_with(lower(r.path), lower(b.alias) || '/'), false)) AS loose
FROM raw_place r JOIN base b USING (site);

CREATE TEMP TABLE node (
  site INTEGER, key VARCHAR, scope VARCHAR, rel VARCHAR, base VARCHAR, loose BOOLEAN, word VARCHAR, guid VARCHAR, has_acl BOOLEAN,
  modified_at TIMESTAMP, label VARCHAR, up VARCHAR
);
INSERT INTO node BY NAME
SELECT site, lower(rel) AS key, coalesce(scope, '') AS scope, min(rel) AS rel, min(base) AS base, bool_or(loose) AS loose, min(word) AS word,
       min(CASE word WHEN 'web' THEN web WHEN 'list' THEN list ELSE item END) AS guid, true AS has_acl
FROM placed WHERE NOT is_root GROUP BY site, lower(rel), coalesce(scope, '');

CREATE TEMP TABLE file_place AS
SELECT site, lower(rel) AS key, min(rel) AS rel, min(ItemId) AS guid, max(TimeLastModified) AS modified_at, min(label) AS label
FROM (
  SELECT s.site, f.ItemId, f.TimeLastModified, coalesce(f.LabelName, f.LabelId) AS label,
    CASE WHEN dir = '' THEN f.FileName ELSE dir || '/' || f.FileName END AS rel
  FROM (SELECT *, trim(coalesce(DirName, ''), '/') AS folder, trim(regexp_replace(coalesce(SiteUrl, ''), '^[a-zA-Z]+://[^/]+', ''), '/') AS web
        FROM landed.SharePointFiles) f
  JOIN place_site s ON s.guid = f.SiteId,
  -- DirName counts from its web; some pulls count from the host.
  LATERAL (SELECT CASE WHEN s.path <> '' AND (lower(f.folder) = lower(s.path) OR starts_with(lower(f.folder), lower(s.path) || '/')) THEN f.folder[length(s.path) + 2:]
                       WHEN starts_with(lower(f.web), lower(s.path) || '/') THEN f.web[length(s.path) + 2:] || '/' || f.folder
                       ELSE f.folder END AS dir)
) GROUP BY site, lower(rel);

UPDATE node SET guid = coalesce(node.guid, f.guid), modified_at = f.modified_at, label = f.label
FROM file_place f WHERE f.site = node.site AND f.key = node.key;
INSERT INTO node BY NAME
SELECT f.site, f.key, '' AS scope, f.rel, b.url AS base, false AS loose, 'file' AS word, f.guid, false AS has_acl, f.modified_at, f.label
FROM file_place f JOIN base b USING (site)
WHERE f.key <> '' AND NOT EXISTS (SELECT 1 FROM node n WHERE n.site = f.site AND n.key = f.key);

-- A list lies directly in a web: that tells subsites no row is about.
CREATE TEMP TABLE web AS
SELECT site, '' AS key FROM place_site
UNION SELECT site, key FROM node WHERE word = 'web'
UNION SELECT site, regexp_replace(regexp_replace(key, '(^|/)[^/]*$', ''), '(^|/)lists$', '') FROM node WHERE word = 'list' AND NOT loose;
