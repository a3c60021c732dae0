-- What could not be resolved or placed: once per site and principal, on the Exceptions of every report it touches.
INSERT INTO source_problem
WITH touch AS (
  SELECT a.site, a.principal, a.securable FROM acl a
  UNION ALL SELECT c.site, m.member, NULL FROM member m JOIN principal c ON c.id = m.container AND c.kind = 'sp_group'
  UNION ALL SELECT k.site, i.principal, k.securable FROM invite i JOIN link k ON k.principal = i.link
  UNION ALL SELECT site, principal, NULL FROM site_admin
),
odd AS (SELECT * FROM principal WHERE status IN ('unresolved', 'id_mismatch') OR (kind = 'unresolved' AND name NOT LIKE 'SLinkClaim%'))
SELECT 'Warning', t.site, coalesce(min(s.url), any_value(r.url)), o.name,
  CASE WHEN o.status = 'id_mismatch' THEN 'ID_MISMATCH' WHEN o.kind = 'user' THEN 'PRINCIPAL_UNRESOLVED' ELSE 'GROUP_UNRESOLVED' END,
  CASE WHEN o.status = 'id_mismatch' THEN 'The directory has another object id for ' || coalesce(o.upn, o.name) || ': this grant does not work.'
       WHEN o.kind = 'user' THEN 'The data names this person without id or address: the account is unknown.'
       WHEN o.kind = 'sp_group' THEN 'This SharePoint group is named in access lists but not in SharePointGroups: its members are unknown.'
       WHEN o.kind = 'directory_role' THEN 'The data does not list who holds this directory role.'
       WHEN o.kind = 'm365_owners' THEN 'The data does not list the owners of this group.'
       ELSE 'The data does not list the members of this group.' END
  || CASE WHEN count(DISTINCT t.securable) > 1 THEN ' It is on ' || count(DISTINCT t.securable) || ' objects of this site.' ELSE '' END
FROM touch t JOIN odd o ON o.id = t.principal JOIN site r ON r.id = t.site LEFT JOIN securable s ON s.id = t.securable
GROUP BY t.site, o.id, o.name, o.status, o.kind, o.upn
UNION ALL
SELECT 'Warning', p.site, any_value(p.url), NULL, 'OBJECT_UNPLACED', count(*) || ' permission rows of this site were not taken: ' || u.reason || '.'
FROM unplaced u JOIN place_site p ON p.guid = u.site_guid GROUP BY p.site, u.reason
UNION ALL
SELECT 'Warning', n.site, any_value(p.url), NULL, 'PRINCIPAL_UNRESOLVED',
  count(*) || ' recipients on this site are named without any id, name or address: who they are is unknown.'
FROM naming n JOIN place_site p ON p.site = n.site
WHERE coalesce(n.who.AadObjectId, n.who.Name, n.who.Email, n.who.UPN, n.who.LoginName) IS NULL GROUP BY n.site
UNION ALL
SELECT 'Warning', NULL, x.guid, NULL, 'SITE_NOT_FOUND', x.n || ' rows of ' || x.dataset || ' name this site, which is not in SharePointSites.'
FROM (SELECT 'SharePointGroups' AS dataset, SiteId AS guid, count(*) AS n FROM landed.SharePointGroups GROUP BY SiteId
      UNION ALL SELECT 'SharePointFiles', SiteId, count(*) FROM landed.SharePointFiles GROUP BY SiteId) x
WHERE x.guid NOT IN (SELECT guid FROM place_site)
ORDER BY ALL;
