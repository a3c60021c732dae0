-- Every principal through which an asked group has access, with the shortest chain to it.
-- $implied: also through everyone-type claims (includeImplied); such rows apply to all members.
CREATE OR REPLACE TEMP TABLE reach AS
SELECT grp, principal, applies, 0::SMALLINT AS distance, '' AS path, false AS implied FROM asked_principal
UNION ALL
SELECT a.grp, k.ancestor, a.applies, k.distance, k.path, false
FROM asked_principal a JOIN closure k ON k.descendant = a.principal;

INSERT INTO reach
SELECT a.grp, s.id, 'All members', 0, '', true
FROM asked a, principal s WHERE $implied AND a.grp >= 0 AND is_special(s.kind)
  AND EXISTS (SELECT 1 FROM group_person g JOIN group_person q ON q.grp = s.id AND q.usr = g.usr WHERE g.grp = a.grp);
INSERT INTO reach
SELECT r.grp, k.ancestor, 'All members', k.distance, k.path, true
FROM reach r JOIN closure k ON k.descendant = r.principal WHERE r.implied AND r.distance = 0;
