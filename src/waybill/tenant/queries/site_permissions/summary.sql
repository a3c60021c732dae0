-- One row per site of a batch (run after batch): its access list and the people it reaches, distinct.
WITH reached AS (SELECT DISTINCT site, principal FROM here WHERE live),
-- Everybody a list names, or reaches through a group: each person once a site, found in one step.
everybody AS (
  SELECT DISTINCT site, usr FROM (
    SELECT site, principal AS usr FROM here
    UNION ALL SELECT r.site, e.member FROM reached r JOIN held e ON e.container = r.principal
    UNION ALL SELECT r.site, g.usr FROM reached r JOIN group_person g ON g.grp = r.principal
    UNION ALL SELECT r.site, g.usr FROM (
      SELECT DISTINCT r.site, e.member FROM reached r JOIN held e ON e.container = r.principal SEMI JOIN (SELECT principal FROM step) n ON n.principal = e.member
    ) r JOIN group_person g ON g.grp = r.member
  ) SEMI JOIN person p USING (usr)
),
people AS (
  SELECT b.site, count(*) FILTER (p.effective) AS users, count(*) FILTER (p.effective AND p.external) AS external_users,
         count(*) FILTER (p.status IN ('blocked', 'deleted', 'soft_deleted')) AS orphaned
  FROM everybody b JOIN person p ON p.usr = b.usr GROUP BY b.site
),
once AS (SELECT site, principal, bool_or(is_admin) AS is_admin, bool_or(live) AS live FROM here GROUP BY site, principal),
named_here AS (
  SELECT e.site, count(*) AS principals,
    count(*) FILTER (e.principal IN (SELECT principal FROM holds_everyone) AND p.kind = 'sp_group') AS everyone_groups,
    count(*) FILTER (p.users > 100) AS large_groups,
    count(*) FILTER (p.kind <> 'user' AND p.status IN ('deleted', 'soft_deleted')) AS dead_groups,
    count(*) FILTER (p.kind NOT IN ('user', 'link') AND (p.external_users > 0 OR p.foreign_group)) AS external_groups,
    bool_or(p.unknown AND e.live) AS unknown, count(*) FILTER (e.is_admin) AS admins,
    count(*) FILTER (p.scope = 'anyone' AND e.live) AS anyone_links,
    count(*) FILTER (p.scope = 'organization' AND e.live) AS organization_links,
    count(*) FILTER (p.scope = 'specific' AND e.live) AS specific_links
  FROM once e JOIN who p ON p.id = e.principal GROUP BY e.site
),
dead_link AS (
  SELECT site, count(*) AS links FROM (SELECT site, principal FROM expired_link UNION SELECT site, principal FROM orphaned_link) GROUP BY site
),
own AS (SELECT site, count(*) FILTER (parent IS NOT NULL) AS objects FROM what GROUP BY site),
first_admin AS (SELECT a.site, min(p.name) AS name FROM (SELECT t.* FROM site_admin t SEMI JOIN now_site n ON n.site = t.site WHERE t.is_primary) a
  JOIN described p ON p.id = a.principal GROUP BY a.site)
SELECT s.module, s.title, s.url, s.guid, s.site_type, s.privacy, s.label, s.external_sharing, f.name,
  coalesce(n.admins, 0), coalesce(n.principals, 0), coalesce(n.everyone_groups, 0), coalesce(p.external_users, 0),
  coalesce(n.large_groups, 0), coalesce(p.orphaned, 0) + coalesce(n.dead_groups, 0), coalesce(n.external_groups, 0),
  CASE WHEN NOT coalesce(n.unknown, false) THEN coalesce(p.users, 0) END,
  coalesce(o.objects, 0), coalesce(n.anyone_links, 0), coalesce(n.organization_links, 0), coalesce(n.specific_links, 0),
  coalesce(d.links, 0), CASE WHEN coalesce(n.unknown, false) OR s.id IN (SELECT x.site FROM source_problem x) THEN 'Partial' ELSE 'OK' END, s.scanned_at, s.state
FROM now_site z JOIN site s ON s.id = z.site
LEFT JOIN people p ON p.site = s.id LEFT JOIN named_here n ON n.site = s.id LEFT JOIN dead_link d ON d.site = s.id
LEFT JOIN own o ON o.site = s.id LEFT JOIN first_admin f ON f.site = s.id
ORDER BY z.ord;
