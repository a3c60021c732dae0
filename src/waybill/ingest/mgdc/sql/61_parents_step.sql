-- The parents of everything that has none yet; those not named anywhere are made, as inheriting containers.
-- `Lists` is an address, not a thing: what lies in it lies in the web.
UPDATE node SET up = CASE WHEN loose THEN '' ELSE coalesce(
  (SELECT w.key FROM web w WHERE w.site = node.site
     AND CASE WHEN w.key = '' THEN 'lists' ELSE w.key || '/lists' END = regexp_replace(node.key, '(^|/)[^/]*$', '')),
  regexp_replace(node.key, '(^|/)[^/]*$', '')) END
WHERE up IS NULL;
INSERT INTO node BY NAME
SELECT n.site, n.up AS key, '' AS scope, min(n.rel[:length(n.up)]) AS rel, min(n.base) AS base, false AS loose,
       CASE WHEN (n.site, n.up) IN (SELECT (site, key) FROM web) THEN 'web' ELSE 'made' END AS word, false AS has_acl
FROM node n WHERE n.up <> '' AND NOT EXISTS (SELECT 1 FROM node k WHERE k.site = n.site AND k.key = n.up)
GROUP BY n.site, n.up;
