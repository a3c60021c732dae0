-- One row per asked group (run when every slice is counted). $asked_modules: the data sources asked for; a
-- module not asked for is blank.
WITH special AS (
  SELECT a.grp, count(q.usr) AS users, count(q.usr) FILTER (q.external) AS external_users
  FROM asked_name a LEFT JOIN population_of q ON q.kind = a.kind WHERE a.grp < 0 GROUP BY a.grp
),
fact AS (
  SELECT n.grp, n.name, n.id, n.kind, n.ord, n.email, n.membership, n.created_at, n.status,
    coalesce(c.users, x.users) AS users, coalesce(c.external_users, x.external_users) AS external_users,
    coalesce(c.owners, 0) AS owners, coalesce(c.direct_members, x.users) AS direct_members,
    CASE WHEN n.grp < 0 THEN 0 ELSE c.nested_groups END AS nested_groups, coalesce(c.orphaned, 0) AS orphaned, coalesce(c.unknown, false) AS unknown
  FROM asked_name n LEFT JOIN headcount c ON c.principal = n.grp LEFT JOIN special x ON x.grp = n.grp
)
SELECT f.name, f.id, f.email,
  CASE f.kind WHEN 'security_group' THEN 'Security Group' WHEN 'mail_security_group' THEN 'Mail-enabled security group'
    WHEN 'distribution_group' THEN 'Distribution group' WHEN 'm365_group' THEN 'Microsoft 365 Group'
    WHEN 'directory_role' THEN 'Directory Role' WHEN 'external_group' THEN 'External group'
    WHEN 'unresolved' THEN 'Unresolved' ELSE 'Special Group' END,
  f.membership, f.created_at, f.external_users, f.owners, f.direct_members,
  f.users, f.nested_groups, f.orphaned,
  coalesce(g.sites, 0),
  CASE WHEN list_contains($asked_modules, 'Microsoft Teams') THEN coalesce(g.teams, 0) END,
  CASE WHEN list_contains($asked_modules, 'SharePoint Online') THEN coalesce(g.sharepoint, 0) END,
  CASE WHEN list_contains($asked_modules, 'OneDrive') THEN coalesce(g.onedrive, 0) END,
  CASE WHEN list_contains($asked_modules, 'Microsoft 365 Group') THEN coalesce(g.m365, 0) END,
  coalesce(g.objects, 0), v.name, coalesce(g.admin_on, 0), coalesce(k.links, 0),
  nullif(concat_ws(';',
    CASE WHEN f.grp < 0 THEN 'Everyone' END, CASE WHEN f.external_users > 0 THEN 'External' END,
    CASE WHEN f.users > 100 THEN 'Large group' END, CASE WHEN f.orphaned > 0 THEN 'Orphaned' END,
    CASE WHEN f.grp >= 0 AND NOT f.unknown AND f.direct_members = 0 THEN 'Empty group' END,
    CASE WHEN g.admin_on > 0 THEN 'Admin' END), ''),
  nullif(concat_ws('; ',
    CASE WHEN f.kind = 'distribution_group' THEN 'Distribution groups carry no SharePoint rights.' END,
    CASE WHEN f.status = 'soft_deleted' THEN 'Deleted group: can be restored for 30 days, passes no access on until then.' END,
    CASE WHEN f.status = 'deleted' THEN 'Deleted group: passes no access on.' END,
    CASE WHEN f.unknown AND f.users IS NULL THEN 'Not all members are known, so their number is left blank.'
         WHEN f.unknown THEN 'The members are not listed; their number is the one the source states.' END,
    t.rule), '')
FROM fact f LEFT JOIN per_group g ON g.grp = f.grp LEFT JOIN linked k ON k.grp = f.grp
LEFT JOIN special_rule_text t ON f.grp < 0 AND t.kind = f.kind
LEFT JOIN level v ON v.rank::INTEGER * 100000 - v.id = g.strongest
ORDER BY f.ord, f.grp DESC;
