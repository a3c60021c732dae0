-- Who reaches each site of a batch, and through what: the ground of the People sheet (run after batch).
-- 1. What each principal is granted here. `whole`: at the root web and not by link, or administrator.
CREATE OR REPLACE TEMP TABLE granted AS
SELECT site, securable, principal, level, is_admin FROM here WHERE live;
CREATE OR REPLACE TEMP TABLE grantee AS
SELECT g.site, g.principal, p.kind, p.ord, p.kind = 'link' AS by_link, count(*) AS grants,
  bool_or(g.is_admin OR (o.kind = 'root' AND p.kind <> 'link')) AS whole,
  max(l.rank) AS rank,
  -- Its four strongest grants: as many as a person's row can tell of.
  arg_max(struct_pack(securable := g.securable, level := g.level, is_admin := g.is_admin, rank := l.rank),
          (l.rank, -o.ord, -g.level), 4) AS best,
  arg_max(struct_pack(level := g.level, rank := l.rank), (l.rank, -g.level))
    FILTER (g.is_admin OR (o.kind = 'root' AND p.kind <> 'link')) AS on_site
FROM granted g JOIN who p ON p.id = g.principal JOIN what o ON o.id = g.securable JOIN level l ON l.id = g.level
GROUP BY g.site, g.principal, p.kind, p.ord;

-- 2. Whom each reaches: itself, its direct members, the members of groups inside it. `container` is
-- the group the person is directly in; memberships counts the ways in.
CREATE OR REPLACE TEMP TABLE hit AS
SELECT site, usr, principal, min(distance) AS distance, count(*) AS memberships, arg_min(container, (distance, path, container)) AS container
FROM (
  SELECT h.site, h.principal AS usr, h.principal, 0 AS distance, '' AS path, NULL::INTEGER AS container FROM grantee h WHERE h.kind = 'user'
  UNION ALL
  SELECT h.site, e.member, h.principal, 1, '', h.principal FROM grantee h JOIN held e ON e.container = h.principal
  UNION ALL
  SELECT h.site, e.member, h.principal, k.distance + 1, k.path, k.descendant
  FROM grantee h JOIN leads k ON k.ancestor = h.principal JOIN held e ON e.container = k.descendant
)
WHERE usr IN (SELECT usr FROM person WHERE status IN ('active', 'blocked', 'invited', 'unresolved'))
GROUP BY site, usr, principal;

-- Everyone-type claims and anyone links are one row each, never people (3.7, 3.8).
INSERT INTO hit
SELECT h.site, h.principal, h.principal, 0, 1, NULL FROM grantee h WHERE is_special(h.kind)
UNION ALL
SELECT h.site, k.descendant, h.principal, k.distance, 1, CASE WHEN k.distance = 1 THEN NULL ELSE k.via END
FROM grantee h JOIN leads k ON k.ancestor = h.principal JOIN human s ON s.id = k.descendant;
INSERT INTO hit
SELECT h.site, -1, h.principal, 0, 1, NULL FROM grantee h SEMI JOIN (FROM who WHERE scope = 'anyone') k ON k.id = h.principal;

-- 3. How many objects each person reaches. People who share the same groups here share that count, so
-- it is computed once per set of groups; direct grants and links are added person by person.
CREATE OR REPLACE TEMP TABLE shared_set AS
SELECT hit.site, usr, md5(string_agg(hit.principal::VARCHAR, ',' ORDER BY hit.principal)) AS set_id
FROM hit JOIN grantee ON grantee.site = hit.site AND grantee.principal = hit.principal
WHERE grantee.kind NOT IN ('user', 'link') GROUP BY hit.site, usr;
CREATE OR REPLACE TEMP TABLE set_object AS
SELECT DISTINCT m.site, m.set_id, g.securable
FROM (SELECT s.site, s.set_id, h.principal FROM (SELECT site, set_id, min(usr) AS usr FROM shared_set GROUP BY site, set_id) s
      JOIN hit h ON h.site = s.site AND h.usr = s.usr JOIN grantee w ON w.site = h.site AND w.principal = h.principal AND w.kind NOT IN ('user', 'link')) m
JOIN granted g ON g.site = m.site AND g.principal = m.principal;
CREATE OR REPLACE TEMP TABLE object_count AS
WITH shared AS (SELECT site, set_id, count(*) AS objects FROM set_object GROUP BY site, set_id),
own AS (
  SELECT h.site, h.usr, count(DISTINCT g.securable) AS objects
  FROM hit h JOIN grantee w ON w.site = h.site AND w.principal = h.principal AND w.kind IN ('user', 'link')
  JOIN granted g ON g.site = h.site AND g.principal = h.principal
  LEFT JOIN shared_set s ON s.site = h.site AND s.usr = h.usr
  WHERE NOT EXISTS (SELECT 1 FROM set_object x WHERE x.site = s.site AND x.set_id = s.set_id AND x.securable = g.securable)
  GROUP BY h.site, h.usr
)
SELECT u.site, u.usr, coalesce(s.objects, 0) + coalesce(o.objects, 0) AS objects
FROM (SELECT DISTINCT site, usr FROM hit) u LEFT JOIN shared_set m ON m.site = u.site AND m.usr = u.usr
LEFT JOIN shared s ON s.site = m.site AND s.set_id = m.set_id LEFT JOIN own o ON o.site = u.site AND o.usr = u.usr;

-- 4. What a person's row tells of.
CREATE OR REPLACE TEMP TABLE near AS
-- The four grants a row tells of come from the four nearest principals: the fifth's best grant has four
-- better ones before it. So only those four are opened, and the large step sorts narrow rows.
SELECT h.site, h.usr, h.principal, h.container, h.distance
FROM hit h JOIN grantee w ON w.site = h.site AND w.principal = h.principal
QUALIFY row_number() OVER (PARTITION BY h.site, h.usr ORDER BY w.rank DESC, h.distance > 0, w.kind <> 'sp_group', h.distance, w.ord, h.principal) <= 4;
CREATE OR REPLACE TEMP TABLE ranked AS
WITH example AS (
  SELECT n.*, w.kind, w.ord, unnest(w.best) AS best, generate_subscripts(w.best, 1) AS nth
  FROM near n JOIN grantee w ON w.site = n.site AND w.principal = n.principal
)
-- Shown first: the strongest grant, then direct, then through a SharePoint group, then fewer hops (3.12).
SELECT *, row_number() OVER (PARTITION BY site, usr ORDER BY (best).rank DESC, distance > 0, kind <> 'sp_group', distance, ord, principal, nth) AS place
FROM example
QUALIFY place <= 4;
-- The words of these few principals: a tenant has a step for each of its links.
CREATE OR REPLACE TEMP TABLE said AS
SELECT t.principal, t.text FROM step t
SEMI JOIN (SELECT principal AS id FROM near UNION SELECT container FROM near WHERE container IS NOT NULL) n ON n.id = t.principal;
