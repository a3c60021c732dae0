-- Every principal through which an asked group has access: itself and all that transitively contain it.
-- `source` is the asked principal the chain starts at; its text is in closure (source, principal).
-- $implied: also through everyone-type claims (includeImplied); such rows apply to all members.
CREATE OR REPLACE TEMP TABLE reach AS
SELECT grp, principal, principal AS source, owners, 0::SMALLINT AS distance, false AS implied FROM asked_principal
UNION ALL
SELECT a.grp, k.ancestor, a.principal, a.owners, k.distance, false
FROM asked_principal a JOIN closure k ON k.descendant = a.principal;

INSERT INTO reach
SELECT a.grp, s.id, s.id, false, 0, true
FROM asked_name a, principal s WHERE $implied AND a.grp >= 0 AND is_special(s.kind)
  AND EXISTS (SELECT 1 FROM group_person g JOIN group_person q ON q.grp = s.id AND q.usr = g.usr WHERE g.grp = a.grp);
INSERT INTO reach
SELECT r.grp, k.ancestor, r.principal, false, k.distance, true
FROM reach r JOIN closure k ON k.descendant = r.principal WHERE r.implied AND r.distance = 0;

-- Groups in slices, so that memory is bounded by the slice and not by the tenant. `counted`: what the group
-- reaches was counted when the snapshot was built; of the others every grant is read.
CREATE OR REPLACE TEMP TABLE slice_of AS
SELECT grp, grp >= 0 AND NOT $implied AS counted,
  ((row_number() OVER (ORDER BY ord, grp DESC) - 1) // $groups_per_slice)::INTEGER AS slice FROM asked_name;

-- What each group reaches on the asked sites, in numbers; and the sites reached that are not simply active.
CREATE OR REPLACE TEMP TABLE per_group AS
SELECT h.grp,
  count(*) FILTER (h.rooted) AS sites,
  count(*) FILTER (h.rooted AND s.module = 'Microsoft Teams') AS teams,
  count(*) FILTER (h.rooted AND s.module = 'SharePoint Online') AS sharepoint,
  count(*) FILTER (h.rooted AND s.module = 'OneDrive') AS onedrive,
  count(*) FILTER (h.rooted AND s.module = 'Microsoft 365 Group') AS m365,
  sum(h.objects)::BIGINT AS objects, count(*) FILTER (h.admin) AS admin_on, max(h.strongest) AS strongest
FROM group_site h SEMI JOIN (FROM slice_of WHERE counted) a ON a.grp = h.grp JOIN asked_site s ON s.site = h.site
GROUP BY h.grp;
CREATE OR REPLACE TEMP TABLE hit_site AS
SELECT DISTINCT h.site FROM group_site h SEMI JOIN (FROM slice_of WHERE counted) a ON a.grp = h.grp
SEMI JOIN (FROM asked_site WHERE state <> 'Active') s ON s.site = h.site;
CREATE OR REPLACE TEMP TABLE linked AS
WITH named AS MATERIALIZED (SELECT DISTINCT grp, principal FROM reach)
SELECT n.grp, count(DISTINCT n.principal) AS links
FROM named n JOIN link_site k ON k.principal = n.principal SEMI JOIN asked_site s ON s.site = k.site GROUP BY n.grp;
