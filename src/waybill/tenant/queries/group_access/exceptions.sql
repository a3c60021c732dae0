-- What stands in the way of a complete answer about the asked groups.
-- $not_found: site URLs no site matches.
WITH reachable AS (SELECT DISTINCT principal FROM reach WHERE NOT implied),
dead AS (
  SELECT e.site, e.securable, e.principal, e.verdict
  FROM entry e JOIN reachable r ON r.principal = e.principal JOIN asked_site s ON s.site = e.site
  WHERE e.verdict IN ('expired', 'deleted', 'mismatch')
),
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
  FROM asked_name n JOIN principal p ON p.id = n.grp WHERE p.status IN ('deleted', 'soft_deleted')
  UNION ALL
  SELECT 2 + b.ord, 'Warning', s.url, o.url, CASE WHEN p.kind = 'link' THEN link_name(k.scope) ELSE p.name END,
    CASE d.verdict WHEN 'expired' THEN 'LINK_EXPIRED' WHEN 'mismatch' THEN 'ID_MISMATCH' ELSE 'PRINCIPAL_DELETED' END,
    CASE d.verdict WHEN 'expired' THEN 'The sharing link expired on ' || strftime(k.expires_at, '%Y-%m-%d %H:%M') || ' UTC: no access.'
      WHEN 'mismatch' THEN 'Same name as a directory account but another object id: the grant does not work.'
      ELSE CASE WHEN p.status = 'soft_deleted' THEN 'The access list names a principal deleted less than 30 days ago: no access unless it is restored.'
        ELSE 'The access list names a deleted principal: no access.' END END
  FROM dead d JOIN site s ON s.id = d.site JOIN securable o ON o.id = d.securable JOIN object b ON b.securable = d.securable
  JOIN principal p ON p.id = d.principal LEFT JOIN link k ON k.principal = p.id
  UNION ALL
  SELECT 1, 'Info', s.url, o.url, p.name, 'LINK_ORPHANED', 'The link group still exists but no access list names it: no access.'
  FROM reachable r JOIN principal p ON p.id = r.principal AND p.kind = 'link' JOIN asked_site a ON a.site = p.site
  JOIN site s ON s.id = p.site JOIN link k ON k.principal = p.id LEFT JOIN securable o ON o.id = k.securable
  WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.principal = p.id)
  UNION ALL
  SELECT 1, 'Warning', s.url, NULL, NULL, 'SITE_LOCKED', 'The site is in state "' || s.state || '": the access shown is capped by it.'
  FROM site s WHERE s.id IN (SELECT site FROM hit_site) AND s.state NOT IN ('Active', 'Deleted')
  UNION ALL
  SELECT 1, 'Info', s.url, NULL, n.name, 'NOT_EFFECTIVE', 'Is named on this private group site, directly or in a SharePoint group, but has no effect there.'
  FROM asked_name n JOIN site s ON s.grp IS NOT NULL AND s.privacy = 'Private' JOIN asked_site a ON a.site = s.id
  WHERE n.kind = 'eeeu' AND (EXISTS (SELECT 1 FROM entry e WHERE e.site = s.id AND e.verdict = 'private_group')
    OR EXISTS (SELECT 1 FROM member m JOIN principal c ON c.id = m.container AND c.site = s.id JOIN principal q ON q.id = m.member AND q.kind = 'eeeu'))
  UNION ALL
  SELECT 1, x.severity, s.url, x.object, x.principal, x.code, x.message
  FROM source_problem x LEFT JOIN site s ON s.id = x.site
  WHERE x.site IS NULL OR x.site IN (SELECT site FROM asked_site)
)
SELECT severity, site_url, object, principal, code, message FROM said
ORDER BY place, site_url NULLS FIRST, object NULLS FIRST, code, principal NULLS FIRST, message;
