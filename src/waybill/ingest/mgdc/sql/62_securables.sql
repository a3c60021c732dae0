-- Numbers, kinds and addresses. Blanks, % and # are percent-encoded, so that an address opens in a browser;
-- other scripts stay readable.
CREATE TEMP TABLE spot AS
SELECT row_number() OVER (ORDER BY site, key, scope)::INTEGER - 1 AS id, *
FROM (SELECT site, '' AS key, '' AS scope, '' AS rel, url AS base, 'root' AS word, root_web AS guid, true AS has_acl,
             NULL::TIMESTAMP AS modified_at, NULL AS label, NULL AS up FROM place_site
      UNION ALL SELECT site, key, scope, rel, base, word, guid, has_acl, modified_at, label, up FROM node);
DROP TABLE node;

CREATE TEMP TABLE spot_of AS SELECT site, key, min(id) AS id, bool_or(word IN ('root', 'web')) AS is_web FROM spot GROUP BY site, key;

INSERT INTO securable BY NAME
SELECT s.id, s.site, p.id AS parent,
  CASE WHEN s.word = 'root' THEN 'root' WHEN s.word IN ('web', 'folder', 'file') THEN s.word
       WHEN s.word = 'list' OR (s.word = 'made' AND p.is_web) THEN CASE WHEN regexp_matches(s.key, '(^|/)lists/[^/]*$') THEN 'list' ELSE 'library' END
       WHEN s.word = 'made' THEN 'folder' ELSE 'item' END AS kind,
  CASE WHEN s.word = 'root' THEN o.title ELSE regexp_extract(s.rel, '[^/]*$') END AS name,
  CASE WHEN s.word = 'root' THEN s.base
       ELSE s.base || '/' || replace(replace(replace(s.rel, '%', '%25'), '#', '%23'), ' ', '%20') END AS url,
  s.has_acl, s.guid, s.modified_at, s.label
FROM spot s JOIN site o ON o.id = s.site
LEFT JOIN spot_of p ON p.site = s.site AND p.key = s.up ORDER BY s.id;

-- Where each permission row's entries go.
CREATE TEMP TABLE row_place AS
SELECT p.source, p.site, s.id AS securable FROM placed p
JOIN spot s ON s.site = p.site AND s.key = lower(p.rel) AND (p.is_root OR s.scope = coalesce(p.scope, ''));
DROP TABLE placed; DROP TABLE spot; DROP TABLE spot_of;
