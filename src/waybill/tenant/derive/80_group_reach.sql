-- What each group reaches, site by site, and what no longer gives access: counted once here, because a report on
-- all groups would otherwise join every ancestor with every grant to say no more than this.
CREATE TABLE group_site AS
WITH start AS (
  SELECT id AS grp, id AS principal FROM principal WHERE kind IN ('security_group', 'mail_security_group', 'distribution_group',
    'm365_group', 'directory_role', 'external_group', 'unresolved')
  UNION ALL SELECT of_group, id FROM principal WHERE kind = 'm365_owners' AND of_group IS NOT NULL
),
up AS (
  SELECT grp, principal FROM start UNION SELECT s.grp, k.ancestor FROM start s JOIN closure k ON k.descendant = s.principal
),
-- Distinct objects by grouping twice: that can spill.
per_object AS (
  SELECT u.grp, g.site, g.securable, bool_or(NOT g.is_admin) AS listed, bool_or(g.is_admin) AS admin,
    max(l.rank::INTEGER * 100000 - g.level) AS strongest
  FROM up u JOIN live_grant_by_principal g ON g.principal = u.principal JOIN level l ON l.id = g.level
  GROUP BY u.grp, g.site, g.securable
)
SELECT h.grp, h.site, bool_or(o.kind IN ('root', 'web')) AS rooted, (count(*) FILTER (h.listed))::INTEGER AS objects,
  bool_or(h.admin) AS admin, max(h.strongest) AS strongest
FROM per_object h JOIN securable o ON o.id = h.securable
GROUP BY h.grp, h.site ORDER BY h.grp, h.site;

-- Sites on which a link gives access.
CREATE TABLE link_site AS
SELECT DISTINCT g.principal, g.site FROM live_grant_by_principal g SEMI JOIN link k ON k.principal = g.principal ORDER BY g.principal, g.site;

-- Link groups that no access list names any more: SharePoint leaves them behind (3.8).
CREATE TABLE loose_link AS
SELECT k.principal, k.site FROM link k ANTI JOIN entry e ON e.principal = k.principal ORDER BY k.site, k.principal;

-- Entries that name somebody, or a link, without giving access any more.
CREATE TABLE dead_entry AS
SELECT site, securable, principal, verdict FROM entry WHERE verdict IN ('expired', 'deleted', 'mismatch') ORDER BY principal, securable;
