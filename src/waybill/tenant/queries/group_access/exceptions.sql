-- What stands in the way of a complete answer about the asked groups (run after capped and gone), but for single
-- access list entries (exceptions_entries).
-- $not_found: site URLs no site matches; $gone: whether gone holds anything but entries.
WITH loose AS MATERIALIZED (
  SELECT g.site, p.name, p.link_securable AS securable FROM described p JOIN gone g ON g.principal = p.id WHERE g.verdict = 'unnamed' AND $gone
),
said AS (
  SELECT 0 AS place, 'Error' AS severity, u AS site_url, NULL AS object, NULL AS principal, 'SITE_NOT_FOUND' AS code,
    CASE WHEN lower(rtrim(u, '/')) IN (SELECT lower(rtrim(url, '/')) FROM site WHERE state = 'Deleted')
      THEN 'This site is in the recycle bin: nobody can reach it; it was left out.'
      ELSE 'No site collection of this snapshot has this URL; it was left out.' END AS message
  FROM (SELECT unnest($not_found::VARCHAR[]) AS u WHERE len($not_found::VARCHAR[]) > 0)
  UNION ALL
  SELECT 1, 'Warning', NULL, NULL, n.name, 'GROUP_UNRESOLVED',
    'The members of this group, or of a group inside it, are not known: people and counts may be missing.'
  -- What the source itself reported is told below, with its reason.
  FROM asked_name n ANTI JOIN (FROM source_problem WHERE code = 'GROUP_UNRESOLVED' AND site IS NULL) x ON x.principal = n.name WHERE n.unknown
  UNION ALL
  SELECT 1, 'Warning', NULL, NULL, n.name, 'PRINCIPAL_DELETED',
    'This group is deleted. Its access list entries remain but give no access.'
  FROM asked_name n WHERE n.status IN ('deleted', 'soft_deleted')
  UNION ALL
  SELECT 1, 'Info', s.url, o.url, l.name, 'LINK_ORPHANED', 'The link group still exists but no access list names it: no access.'
  FROM loose l JOIN site s ON s.id = l.site
  LEFT JOIN (SELECT t.id, t.url FROM securable t SEMI JOIN loose l ON l.securable = t.id WHERE $gone) o ON o.id = l.securable
  UNION ALL
  SELECT 1, 'Warning', s.url, NULL, NULL, 'SITE_LOCKED', 'The site is in state "' || s.state || '": the access shown is capped by it.'
  FROM site s SEMI JOIN hit_site h ON h.site = s.id
  UNION ALL
  SELECT 1, 'Info', s.url, NULL, n.name, 'NOT_EFFECTIVE', 'Is named on this private group site, directly or in a SharePoint group, but has no effect there.'
  FROM asked_name n, gone c JOIN site s ON s.id = c.site WHERE n.kind = 'eeeu' AND c.verdict = 'no_effect' AND $gone
  UNION ALL
  SELECT 1, x.severity, s.url, x.object, x.principal, x.code, x.message
  FROM source_problem x LEFT JOIN site s ON s.id = x.site
  WHERE x.site IS NULL OR x.site IN (SELECT site FROM asked_site)
)
SELECT severity, site_url, object, principal, code, message FROM said
ORDER BY place, site_url NULLS FIRST, object NULLS FIRST, code, principal NULLS FIRST, message;
