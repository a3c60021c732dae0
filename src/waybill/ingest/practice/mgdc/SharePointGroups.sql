-- SharePoint groups and the hidden groups of links; the latter hold who has opened the link.
WITH held AS (
  SELECT container AS grp, member AS principal FROM member
  UNION ALL SELECT link, principal FROM invite WHERE redeemed
),
local AS (
  SELECT p.id, p.site, p.sp_id, p.name, k.link_id
  FROM principal p LEFT JOIN link k ON k.principal = p.id
  WHERE p.kind IN ('sp_group', 'link') AND coalesce(k.scope, '') <> 'existing' AND p.site BETWEEN getvariable('low') AND getvariable('high')
),
named AS (
  SELECT l.id, list(r.member ORDER BY r.principal) AS people
  FROM local l JOIN held h ON h.grp = l.id JOIN recipient r ON r.principal = h.principal GROUP BY l.id
)
SELECT getvariable('ptenant') AS ptenant, s.guid AS "SiteId", l.sp_id AS "GroupId",
  coalesce(l.link_id, '00000000-0000-0000-0000-000000000000') AS "GroupLinkId", 'SharePointGroup' AS "GroupType",
  l.name AS "DisplayName",
  CASE WHEN l.link_id IS NULL THEN {'Type': 'SharePointGroup', 'Name': coalesce(o.name, l.name)}
       ELSE {'Type': 'User', 'Name': 'System Account'} END AS "Owner",
  coalesce(n.people, []) AS "Members", 'Full' AS "Operation", getvariable('snapshot_date') AS "SnapshotDate"
FROM local l
JOIN site s ON s.id = l.site
LEFT JOIN named n ON n.id = l.id
LEFT JOIN (SELECT a.site, any_value(p.name) AS name FROM associated a JOIN principal p ON p.id = a.principal
           WHERE a.role = 'Owners' GROUP BY a.site) o ON o.site = l.site
ORDER BY l.site, l.sp_id
