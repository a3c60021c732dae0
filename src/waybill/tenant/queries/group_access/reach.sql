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
FROM asked a, principal s WHERE $implied AND a.grp >= 0 AND is_special(s.kind)
  AND EXISTS (SELECT 1 FROM group_person g JOIN group_person q ON q.grp = s.id AND q.usr = g.usr WHERE g.grp = a.grp);
INSERT INTO reach
SELECT r.grp, k.ancestor, r.principal, false, k.distance, true
FROM reach r JOIN closure k ON k.descendant = r.principal WHERE r.implied AND r.distance = 0;

-- The groups in slices, so that memory is bounded by the slice and not by the tenant.
CREATE OR REPLACE TEMP TABLE slice_of AS
SELECT grp, ((row_number() OVER (ORDER BY ord, grp DESC) - 1) // $groups_per_slice)::INTEGER AS slice FROM asked;
CREATE OR REPLACE TEMP TABLE hit_site (site INTEGER);

-- Principals of the directory: a tenant's links and SharePoint groups outnumber them by far.
CREATE OR REPLACE TEMP TABLE directory AS
SELECT p.id, p.kind, p.name, p.upn, p.email, p.user_type, p.external, p.status, p.last_sign_in, o.ord
FROM principal p JOIN principal_order o ON o.principal = p.id WHERE p.kind NOT IN ('sp_group', 'link');
