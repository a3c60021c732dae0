-- One site ($site): counts of its access list and of the people it reaches, distinct.
WITH reached AS (
  SELECT DISTINCT e.principal FROM shown_entry e WHERE e.site = $site AND e.live
),
inside AS (SELECT e.member FROM reached r JOIN held e ON e.container = r.principal),
everybody AS (
  SELECT principal AS usr FROM reached
  UNION SELECT member FROM inside
  UNION SELECT g.usr FROM group_person g WHERE g.grp IN (SELECT principal FROM reached UNION SELECT member FROM inside)
),
people AS (
  SELECT count(*) FILTER (p.effective) AS users, count(*) FILTER (p.effective AND p.external) AS external_users,
         count(*) FILTER (p.status = 'blocked') AS blocked
  FROM everybody JOIN person p USING (usr)
),
named AS (
  SELECT count(DISTINCT e.principal) AS principals,
    count(DISTINCT e.principal) FILTER (e.principal IN (SELECT principal FROM holds_everyone) AND p.kind = 'sp_group') AS everyone_groups,
    count(DISTINCT e.principal) FILTER (p.users > 100) AS large_groups,
    count(DISTINCT e.principal) FILTER (p.status IN ('deleted', 'soft_deleted')) AS dead,
    count(DISTINCT e.principal) FILTER (p.kind <> 'user' AND p.kind <> 'link' AND p.external_users > 0) AS external_groups,
    count(DISTINCT e.principal) FILTER (e.is_admin) AS admins,
    count(DISTINCT e.principal) FILTER (p.scope = 'anyone' AND e.live) AS anyone_links,
    count(DISTINCT e.principal) FILTER (p.scope = 'organization' AND e.live) AS organization_links,
    count(DISTINCT e.principal) FILTER (p.scope = 'specific' AND e.live) AS specific_links
  FROM shown_entry e JOIN who p ON p.id = e.principal
  WHERE e.site = $site
),
dead_link AS (
  SELECT (SELECT count(DISTINCT e.principal) FROM entry e WHERE e.site = $site AND e.verdict = 'expired')
       + (SELECT count(*) FROM orphaned_link o WHERE o.site = $site) AS links
)
SELECT s.module, s.title, s.url, s.guid, s.site_type, s.privacy, s.label, s.external_sharing,
  (SELECT min(p.name) FROM site_admin a JOIN principal p ON p.id = a.principal WHERE a.site = s.id AND a.is_primary),
  n.admins, n.principals, n.everyone_groups, p.external_users, n.large_groups, p.blocked + n.dead, n.external_groups, p.users,
  (SELECT count(*) FROM what o WHERE o.site = s.id AND o.parent IS NOT NULL),
  n.anyone_links, n.organization_links, n.specific_links, d.links,
  CASE WHEN s.state = 'Active' THEN 'OK' ELSE 'Partial' END, s.scanned_at, s.state
FROM site s, people p, named n, dead_link d
WHERE s.id = $site;
