-- Owners, direct members and nested members of the asked groups, once for each chain (run before directory).
CREATE OR REPLACE TEMP TABLE listed AS
SELECT o.grp, o.principal, true AS owns, 1::SMALLINT AS depth, NULL::INTEGER AS via FROM owner o SEMI JOIN asked_name a ON a.grp = o.grp
WHERE o.principal <> o.grp
UNION ALL
SELECT m.container, m.member, false, 1, NULL FROM member m SEMI JOIN asked_name a ON a.grp = m.container WHERE m.member <> m.container
UNION ALL
SELECT k.ancestor, m.member, false, 1 + k.distance, k.descendant
FROM closure k SEMI JOIN asked_name a ON a.grp = k.ancestor JOIN member m ON m.container = k.descendant WHERE m.member <> k.ancestor;
