-- Permission rows that were taken but lie nowhere: without a site, or without a path.
WITH spelled AS (
  SELECT *, trim(CASE WHEN contains(ItemURL, '://') THEN regexp_replace(ItemURL, '^[a-zA-Z]+://[^/]+', '') ELSE coalesce(ItemURL, '') END, '/ ') AS path,
    lower(ItemType) AS item_type
  FROM (
    SELECT rowid AS id, false AS carried, SiteId, ItemType, ItemURL, WebId, RoleDefinition FROM {staged}
    UNION ALL
    SELECT rowid, true, SiteId, ItemType, ItemURL, WebId, RoleDefinition FROM {carried}
  )
),
nameless AS (
  SELECT SiteId, min(WebId) AS first_web, max(WebId) AS last_web FROM spelled WHERE path = '' AND item_type = 'web' GROUP BY SiteId
)
UPDATE verdict SET fate = CASE WHEN verdict.carried THEN 'drop' ELSE 'rejected' END, reason = m.reason
FROM (
  SELECT r.id, r.carried,
    CASE
      WHEN s.Id IS NULL THEN 'its site ' || r.SiteId || ' is not in SharePointSites'
      WHEN r.RoleDefinition IS NULL AND r.item_type <> 'siteadmin' THEN 'it has no RoleDefinition'
      WHEN r.item_type = 'siteadmin' THEN NULL
      WHEN r.path = '' AND r.item_type <> 'web' THEN 'a ' || r.item_type || ' without ItemURL: its place is unknown'
      WHEN r.item_type <> 'web' AND lower(r.path) = s.path
        THEN 'a ' || r.item_type || ' with the path of its site: its place is unknown'
      WHEN r.path = '' AND s.RootWebId IS NULL AND n.first_web <> n.last_web
        THEN 'one of several webs without ItemURL, on a site that does not tell its root web: its place is unknown'
      WHEN r.path = '' AND r.WebId <> s.RootWebId THEN 'a subsite without ItemURL: its place is unknown'
    END AS reason
  FROM spelled r
  LEFT JOIN nameless n ON n.SiteId = r.SiteId
  LEFT JOIN (
    SELECT Id, RootWebId, lower(regexp_replace(rtrim(Url, '/'), '^[a-zA-Z]+://[^/]+/?', '')) AS path FROM landed.SharePointSites
  ) s ON s.Id = r.SiteId
) m
WHERE m.reason IS NOT NULL AND verdict.id = m.id AND verdict.carried = m.carried AND verdict.fate IN ('read', 'keep');
-- Those whose site is known are named on that site's Exceptions.
CREATE OR REPLACE TEMP TABLE unplaced AS
SELECT s.SiteId AS site_guid, v.reason FROM verdict v JOIN {staged} s ON s.rowid = v.id
WHERE NOT v.carried AND v.fate = 'rejected' AND s.SiteId IN (SELECT Id FROM landed.SharePointSites)
  AND (s.ptenant = getvariable('wall') OR getvariable('wall') IS NULL);
