-- Who reaches one site ($site), and through what: the ground of the People sheet.
-- 1. What each principal is granted here. `whole`: at the root web and not by link, or administrator.
CREATE OR REPLACE TEMP TABLE granted AS
SELECT g.securable, g.principal, g.level, g.live, g.is_admin FROM shown_entry g WHERE g.site = $site AND g.live;
CREATE OR REPLACE TEMP TABLE here AS
SELECT g.principal, p.kind, p.ord, p.kind = 'link' AS by_link, count(*) AS grants,
  bool_or(g.is_admin OR (o.kind = 'root' AND p.kind <> 'link')) AS whole,
  max(l.rank) AS rank, arg_max(struct_pack(securable := g.securable, level := g.level, is_admin := g.is_admin),
                               (l.rank, -o.ord, -g.level)) AS best
FROM granted g JOIN who p ON p.id = g.principal JOIN what o ON o.id = g.securable AND o.site = $site JOIN level l ON l.id = g.level
GROUP BY g.principal, p.kind, p.ord;

-- 2. Whom each reaches: itself, its direct members, the members of groups inside it. `container` is
-- the group the person is directly in; memberships counts the ways in.
CREATE OR REPLACE TEMP TABLE hit AS
SELECT usr, principal, min(distance) AS distance, count(*) AS memberships, arg_min(container, (distance, path, container)) AS container
FROM (
  SELECT h.principal AS usr, h.principal, 0 AS distance, '' AS path, NULL::INTEGER AS container FROM here h WHERE h.kind = 'user'
  UNION ALL
  SELECT e.member, h.principal, 1, '', h.principal FROM here h JOIN held e ON e.container = h.principal
  UNION ALL
  SELECT e.member, h.principal, k.distance + 1, k.path, k.descendant
  FROM here h JOIN leads k ON k.ancestor = h.principal JOIN held e ON e.container = k.descendant
)
WHERE usr IN (SELECT usr FROM person WHERE status IN ('active', 'blocked', 'invited', 'unresolved'))
GROUP BY usr, principal;

-- Everyone-type claims and anyone links are one row each, never people (3.7, 3.8).
INSERT INTO hit
SELECT h.principal, h.principal, 0, 1, NULL FROM here h WHERE is_special(h.kind)
UNION ALL
SELECT k.descendant, h.principal, k.distance, 1, CASE WHEN k.distance = 1 THEN NULL ELSE k.via END
FROM here h JOIN leads k ON k.ancestor = h.principal JOIN human s ON s.id = k.descendant;
INSERT INTO hit
SELECT -1, h.principal, 0, 1, NULL FROM here h JOIN who k ON k.id = h.principal AND k.scope = 'anyone';

-- 3. How many objects each person reaches. People who share the same groups here share that count, so
-- it is computed once per set of groups; direct grants and links are added person by person.
CREATE OR REPLACE TEMP TABLE shared_set AS
SELECT usr, md5(string_agg(principal::VARCHAR, ',' ORDER BY principal)) AS set_id
FROM hit JOIN here USING (principal) WHERE here.kind NOT IN ('user', 'link') GROUP BY usr;
CREATE OR REPLACE TEMP TABLE set_object AS
SELECT DISTINCT m.set_id, g.securable
FROM (SELECT s.set_id, h.principal FROM (SELECT set_id, min(usr) AS usr FROM shared_set GROUP BY set_id) s
      JOIN hit h ON h.usr = s.usr JOIN here w ON w.principal = h.principal AND w.kind NOT IN ('user', 'link')) m
JOIN granted g ON g.principal = m.principal;
CREATE OR REPLACE TEMP TABLE object_count AS
WITH shared AS (SELECT set_id, count(*) AS objects FROM set_object GROUP BY set_id),
own AS (
  SELECT h.usr, count(DISTINCT g.securable) AS objects
  FROM hit h JOIN here w ON w.principal = h.principal AND w.kind IN ('user', 'link')
  JOIN granted g ON g.principal = h.principal
  LEFT JOIN shared_set s ON s.usr = h.usr
  WHERE NOT EXISTS (SELECT 1 FROM set_object x WHERE x.set_id = s.set_id AND x.securable = g.securable)
  GROUP BY h.usr
)
SELECT u.usr, coalesce(s.objects, 0) + coalesce(o.objects, 0) AS objects
FROM (SELECT DISTINCT usr FROM hit) u LEFT JOIN shared_set m ON m.usr = u.usr LEFT JOIN shared s ON s.set_id = m.set_id
LEFT JOIN own o ON o.usr = u.usr;
