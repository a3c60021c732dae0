-- For each asked URL (normalised: lower case, decoded, no trailing slash) the site collection it lies
-- in: the one whose URL is the longest prefix at a path boundary. Below a managed path such as /sites/
-- every first segment is a site collection of its own, never part of the root site.
WITH known AS (
  SELECT id, lower(coalesce(TRY(url_decode(rtrim(url, '/'))), rtrim(url, '/'))) AS url FROM site WHERE state <> 'Deleted'
)
SELECT w.url, arg_max(s.id, length(s.url)) AS site, max(length(s.url)) = length(w.url) AS exact
FROM (SELECT unnest($urls::VARCHAR[]) AS url) w
JOIN known s ON w.url = s.url
  OR (starts_with(w.url, s.url || '/')
      AND NOT (regexp_matches(s.url, '^https?://[^/]+$') AND regexp_matches(w.url, '^https?://[^/]+/(sites|teams|personal|portals)/')))
GROUP BY w.url;
