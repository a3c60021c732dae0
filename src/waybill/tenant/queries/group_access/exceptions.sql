-- What stands in the way of a complete answer about the asked groups.
-- $not_found: site URLs no site matches.
WITH reachable AS MATERIALIZED (SELECT DISTINCT principal FROM reach WHERE NOT implied),
dead AS MATERIALIZED (SELECT e.* FROM dead_entry e SEMI JOIN reachable r ON r.principal = e.principal SEMI JOIN asked_site s ON s.site = e.site),
loose AS MATERIALIZED (SELECT k.* FROM loose_link k SEMI JOIN reachable r ON r.principal = k.principal SEMI JOIN asked_site s ON s.site = k.site),
noted AS MATERIALIZED (
  SELECT p.id, p.kind, p.name, p.status, p.scope, p.expires_at, p.link_securable FROM described p
  SEMI JOIN (SELECT principal FROM dead UNION SELECT principal FROM loose) n ON n.principal = p.id
),
place AS MATERIALIZED (
  SELECT o.id, o.url FROM securable o
  SEMI JOIN (SELECT securable AS id FROM dead UNION SELECT n.link_securable FROM noted n SEMI JOIN loose l ON l.principal = n.id) d ON d.id = o.id
),
place_ord AS MATERIALIZED (SELECT b.securable, b.ord FROM object b SEMI JOIN dead d ON d.securable = b.securable),
said AS (
  SELECT 0 AS place, 'Error' AS severity, u AS site_url, NULL AS object, NULL AS principal, 'SITE_NOT_FOUND' AS code,
    CASE WHEN EXISTS (SELECT 1 FROM site d WHERE d.state = 'Deleted' AND lower(rtrim(d.url, '/')) = lower(rtrim(u, '/')))
      THEN 'This site is in the recycle bin: nobody can reach it; it was left out.'
      ELSE 'No site collection of this snapshot has this URL; it was left out.' END AS message
  FROM (SELECT unnest($not_found::VARCHAR[]) AS u)
  UNION ALL
  SELECT 1, 'Warning', NULL, NULL, n.name, 'GROUP_UNRESOLVED',
    'The members of this group, or of a group inside it, are not known: people and counts may be missing.'
  FROM asked_name n JOIN headcount c ON c.principal = n.grp WHERE c.unknown
    -- What the source itself reported is told below, with its reason.
    AND NOT EXISTS (SELECT 1 FROM source_problem x WHERE x.code = 'GROUP_UNRESOLVED' AND x.principal = n.name AND x.site IS NULL)
  UNION ALL
  SELECT 1, 'Warning', NULL, NULL, n.name, 'PRINCIPAL_DELETED',
    'This group is deleted. Its access list entries remain but give no access.'
  FROM asked_name n WHERE n.status IN ('deleted', 'soft_deleted')
  UNION ALL
  SELECT 2 + b.ord, 'Warning', s.url, o.url, CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END,
    CASE d.verdict WHEN 'expired' THEN 'LINK_EXPIRED' WHEN 'mismatch' THEN 'ID_MISMATCH' ELSE 'PRINCIPAL_DELETED' END,
    CASE d.verdict WHEN 'expired' THEN 'The sharing link expired on ' || strftime(p.expires_at, '%Y-%m-%d %H:%M') || ' UTC: no access.'
      WHEN 'mismatch' THEN 'Same name as a directory account but another object id: the grant does not work.'
      ELSE CASE WHEN p.status = 'soft_deleted' THEN 'The access list names a principal deleted less than 30 days ago: no access unless it is restored.'
        ELSE 'The access list names a deleted principal: no access.' END END
  FROM dead d JOIN site s ON s.id = d.site JOIN place o ON o.id = d.securable JOIN place_ord b ON b.securable = d.securable
  JOIN noted p ON p.id = d.principal
  UNION ALL
  SELECT 1, 'Info', s.url, o.url, p.name, 'LINK_ORPHANED', 'The link group still exists but no access list names it: no access.'
  FROM loose l JOIN noted p ON p.id = l.principal JOIN site s ON s.id = l.site LEFT JOIN place o ON o.id = p.link_securable
  UNION ALL
  SELECT 1, 'Warning', s.url, NULL, NULL, 'SITE_LOCKED', 'The site is in state "' || s.state || '": the access shown is capped by it.'
  FROM site s WHERE s.id IN (SELECT site FROM hit_site) AND s.state NOT IN ('Active', 'Deleted')
  UNION ALL
  SELECT 1, 'Info', s.url, NULL, n.name, 'NOT_EFFECTIVE', 'Is named on this private group site, directly or in a SharePoint group, but has no effect there.'
  FROM asked_name n, private_claim c JOIN site s ON s.id = c.site WHERE n.kind = 'eeeu'
  UNION ALL
  SELECT 1, x.severity, s.url, x.object, x.principal, x.code, x.message
  FROM source_problem x LEFT JOIN site s ON s.id = x.site
  WHERE x.site IS NULL OR x.site IN (SELECT site FROM asked_site)
)
SELECT severity, site_url, object, principal, code, message FROM said
ORDER BY place, site_url NULLS FIRST, object NULLS FIRST, code, principal NULLS FIRST, message;
