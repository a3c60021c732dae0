-- Permission rows that were taken but lie nowhere: without a site, or without a path.
UPDATE verdict SET fate = CASE WHEN verdict.carried THEN 'drop' ELSE 'rejected' END, reason = m.reason
FROM (
  SELECT r.id, r.carried,
    CASE
      WHEN s.Id IS NULL THEN 'its site ' || r.SiteId || ' is not in SharePointSites'
      WHEN r.RoleDefinition IS NULL AND r.item_type <> 'siteadmin' THEN 'it has no RoleDefinition'
      WHEN r.item_type = 'siteadmin' OR r.ItemURL IS NOT NULL THEN NULL
      WHEN r.item_type <> 'web' THEN 'a ' || r.item_type || ' without ItemURL: its place is unknown'
      WHEN r.WebId <> s.RootWebId THEN 'a subsite without ItemURL: its place is unknown'
    END AS reason
  FROM (
    SELECT rowid AS id, false AS carried, SiteId, lower(ItemType) AS item_type, ItemURL, WebId, RoleDefinition FROM staged
    UNION ALL
    SELECT rowid, true, SiteId, lower(ItemType), ItemURL, WebId, RoleDefinition FROM {carried}
  ) r
  LEFT JOIN landed.SharePointSites s ON s.Id = r.SiteId
) m
WHERE m.reason IS NOT NULL AND verdict.id = m.id AND verdict.carried = m.carried AND verdict.fate IN ('read', 'keep');
