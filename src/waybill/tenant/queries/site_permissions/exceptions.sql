-- What stands in the way of a complete answer about the asked sites. $not_found: URLs no site matches.
WITH dead AS (
  SELECT e.site, e.securable, e.principal, e.verdict FROM dead_entry e JOIN asked_site s ON s.site = e.site WHERE e.verdict = 'expired'
  UNION
  SELECT site, securable, principal, verdict FROM shown_entry WHERE verdict IN ('deleted', 'mismatch')
),
-- A channel site's access should be its roster (3.10); people reached by the groups in its list count.
channel_roster AS (
  SELECT c.site, c.principal AS usr FROM channel_member c JOIN asked_site a ON a.site = c.site JOIN person u ON u.usr = c.principal
),
channel_grant AS (SELECT site, principal FROM live_grant WHERE site IN (SELECT site FROM channel_roster)),
channel_holder AS (
  SELECT g.site, g.principal AS usr FROM channel_grant g JOIN person u ON u.usr = g.principal
  UNION SELECT g.site, e.member FROM channel_grant g JOIN edge e ON e.container = g.principal JOIN person u ON u.usr = e.member
  UNION SELECT g.site, q.usr FROM channel_grant g JOIN principal p ON p.id = g.principal JOIN group_person q ON q.grp = p.id WHERE NOT is_special(p.kind)
  UNION SELECT g.site, q.usr FROM channel_grant g JOIN edge e ON e.container = g.principal JOIN principal p ON p.id = e.member
    JOIN group_person q ON q.grp = p.id WHERE NOT is_special(p.kind)
),
-- Links whose people did not fit one cell (the rule of site.sql).
long_link AS (
  SELECT link, count(*) AS named, count(*) FILTER (chars > 30000) AS more
  FROM (
    SELECT i.link, sum(length(coalesce(nullif(p.email, ''), p.upn, p.name) || CASE WHEN p.status = 'invited' THEN ' (invited)' ELSE '' END) + 2)
      OVER (PARTITION BY i.link ORDER BY p.ord ROWS UNBOUNDED PRECEDING) AS chars
    FROM invite i JOIN described p ON p.id = i.principal
    -- A name is at most 400 characters or so: only links with many people can be long.
    WHERE i.link IN (SELECT n.principal FROM named n JOIN invite m ON m.link = n.principal GROUP BY n.principal HAVING count(*) > 50)
       OR i.link IN (SELECT m.link FROM invite m SEMI JOIN named n ON n.principal = m.link SEMI JOIN (SELECT id FROM described WHERE length(name) > 500) d ON d.id = m.principal)
  ) GROUP BY link HAVING more > 0
),
said AS (
  SELECT 0 AS place, 'Error' AS severity, u AS site_url, NULL AS object, NULL AS principal, 'SITE_NOT_FOUND' AS code,
    CASE WHEN EXISTS (SELECT 1 FROM site d WHERE d.state = 'Deleted' AND lower(rtrim(d.url, '/')) = lower(rtrim(u, '/')))
      THEN 'This site is in the recycle bin: nobody can reach it; it was left out.'
      ELSE 'No site collection of this snapshot has this URL; it was left out.' END AS message
  FROM (SELECT unnest($not_found::VARCHAR[]) AS u)
  UNION ALL
  SELECT a.ord, 'Warning', s.url, NULL, NULL, 'SITE_LOCKED', 'The site is in state "' || s.state || '": the access shown is capped by it.'
  FROM asked_site a JOIN site s ON s.id = a.site WHERE s.state <> 'Active'
  UNION ALL
  SELECT a.ord, 'Warning', s.url, o.url, CASE WHEN p.kind = 'link' THEN link_name(k.scope) ELSE p.name END,
    CASE d.verdict WHEN 'expired' THEN 'LINK_EXPIRED' WHEN 'mismatch' THEN 'ID_MISMATCH' ELSE 'PRINCIPAL_DELETED' END,
    CASE d.verdict WHEN 'expired' THEN 'The sharing link expired on ' || strftime(k.expires_at, '%Y-%m-%d %H:%M') || ' UTC: no access.'
      WHEN 'mismatch' THEN 'Same name as a directory account but another object id: the grant does not work.'
      ELSE CASE WHEN p.status = 'soft_deleted' THEN 'The access list names a principal deleted less than 30 days ago: no access unless it is restored.'
        ELSE 'The access list names a deleted principal: no access.' END END
  FROM dead d JOIN asked_site a ON a.site = d.site JOIN site s ON s.id = d.site JOIN securable o ON o.id = d.securable
  JOIN principal p ON p.id = d.principal LEFT JOIN link k ON k.principal = p.id
  UNION ALL
  SELECT a.ord, 'Info', s.url, o.url, p.name, 'LINK_ORPHANED', 'The link group still exists but no access list names it: no access.'
  FROM orphaned_link x JOIN principal p ON p.id = x.principal JOIN asked_site a ON a.site = x.site JOIN site s ON s.id = x.site
  JOIN link k ON k.principal = p.id LEFT JOIN securable o ON o.id = k.securable
  UNION ALL
  SELECT a.ord, 'Warning', s.url, o.url, CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END, 'GROUP_UNRESOLVED',
    'The members of this ' || CASE WHEN p.kind = 'link' THEN 'link' ELSE 'group' END || ', or of a group inside it, are not known: people and counts may be missing.'
  FROM site_principal e JOIN asked_site a ON a.site = e.site JOIN site s ON s.id = e.site
  JOIN (SELECT d.* FROM described d SEMI JOIN named n ON n.principal = d.id WHERE d.unknown) p ON p.id = e.principal
  LEFT JOIN (SELECT t.principal, t.securable FROM link t SEMI JOIN named n ON n.principal = t.principal) k ON k.principal = p.id
  LEFT JOIN securable o ON o.id = k.securable
  WHERE p.status NOT IN ('deleted', 'soft_deleted')
    -- What the source itself reported is told below, with its reason.
    AND NOT EXISTS (SELECT 1 FROM source_problem x WHERE x.code = 'GROUP_UNRESOLVED' AND x.principal = p.name AND (x.site IS NULL OR x.site = e.site))
  UNION ALL
  SELECT a.ord, 'Info', s.url, o.url, link_name(k.scope), 'MEMBERS_TRUNCATED',
    t.more || ' of ' || t.named || ' people of this link did not fit one cell; Group Members lists them all.'
  FROM long_link t JOIN link k ON k.principal = t.link JOIN asked_site a ON a.site = k.site JOIN site s ON s.id = k.site
  LEFT JOIN securable o ON o.id = k.securable
  UNION ALL
  SELECT a.ord, 'Warning', s.url, NULL, p.name, 'CHANNEL_DIFFERS', d.message
  FROM (
    SELECT site, usr, 'Has access to the channel site but is not on the channel''s roster.' AS message FROM (FROM channel_holder EXCEPT FROM channel_roster)
    UNION ALL
    SELECT site, usr, 'Is on the channel''s roster but has no access to its site.' FROM (FROM channel_roster EXCEPT FROM channel_holder)
  ) d JOIN asked_site a ON a.site = d.site JOIN site s ON s.id = a.site JOIN principal p ON p.id = d.usr
  UNION ALL
  SELECT coalesce(a.ord, 0), x.severity, s.url, x.object, x.principal, x.code, x.message
  FROM source_problem x LEFT JOIN site s ON s.id = x.site LEFT JOIN asked_site a ON a.site = x.site
  WHERE x.site IS NULL OR a.site IS NOT NULL
)
SELECT severity, site_url, object, principal, code, message FROM said
ORDER BY place, site_url NULLS FIRST, object NULLS FIRST, code, principal NULLS FIRST, message;
