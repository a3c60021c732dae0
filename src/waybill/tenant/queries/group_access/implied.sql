-- Also what the asked groups reach through everyone-type claims (includeImplied, run after reach); such rows apply
-- to all members.
INSERT INTO reach
SELECT (SELECT count(*) FROM reach) + row_number() OVER (), a.grp, s.id, s.id, false, 0, true
FROM asked_name a, principal s WHERE a.grp >= 0 AND is_special(s.kind)
  AND EXISTS (SELECT 1 FROM group_person g JOIN group_person q ON q.grp = s.id AND q.usr = g.usr WHERE g.grp = a.grp);
INSERT INTO reach
SELECT (SELECT count(*) FROM reach) + row_number() OVER (), r.grp, k.ancestor, r.principal, false, k.distance, true
FROM reach r JOIN closure k ON k.descendant = r.principal WHERE r.implied AND r.distance = 0;
