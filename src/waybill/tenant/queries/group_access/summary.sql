-- One row per asked group, numbered (run when every slice is counted). $asked_modules: the data sources asked for; a
-- module not asked for is blank.
SELECT e.position, f.name, f.id, f.email,
  CASE f.kind WHEN 'security_group' THEN 'Security Group' WHEN 'mail_security_group' THEN 'Mail-enabled security group'
    WHEN 'distribution_group' THEN 'Distribution group' WHEN 'm365_group' THEN 'Microsoft 365 Group'
    WHEN 'directory_role' THEN 'Directory Role' WHEN 'external_group' THEN 'External group'
    WHEN 'unresolved' THEN 'Unresolved' ELSE 'Special Group' END,
  f.membership, f.created_at, f.external_users, f.owners, f.direct_members,
  f.users, f.nested_groups, f.orphaned,
  coalesce(g.teams + g.sharepoint + g.onedrive + g.m365, 0),
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
    f.rule), '')
FROM (FROM slice_of) e JOIN (FROM asked_name) f ON f.grp = e.grp LEFT JOIN per_group g ON g.grp = f.grp LEFT JOIN linked k ON k.grp = f.grp
LEFT JOIN level v ON v.rank::INTEGER * 100000 - v.id = g.strongest;
