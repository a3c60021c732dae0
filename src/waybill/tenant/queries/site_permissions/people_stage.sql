-- Who reaches each site of a batch, and through what: the ground of the People sheet (run after batch).
-- Everything is numbers until the last step, in which people.sql fetches each text once a row.
-- 1. What each principal is granted here: `gid` stands for a principal on a site.
--  shared: a group, so that people share what it gives; whole: at the root web and not by link, or administrator;
--  on_site: the strongest level of such grants, as rank * 100000 - level.
CREATE OR REPLACE TEMP TABLE granted AS
SELECT h.site, h.securable, h.principal, h.level, h.is_admin, l.rank::BIGINT AS rank, o.ord, o.kind = 'root' AS on_root
FROM here h JOIN (SELECT id, ord, kind FROM what) o ON o.id = h.securable JOIN level l ON l.id = h.level WHERE h.live;
CREATE OR REPLACE TEMP TABLE grantee AS
SELECT row_number() OVER ()::INTEGER AS gid, g.site, g.principal, w.kind, w.ord, w.scope, w.kind = 'link' AS by_link,
  w.kind NOT IN ('user', 'link') AS shared, g.grants, g.rank,
  g.admin OR (g.on_root AND w.kind <> 'link') AS whole,
  CASE WHEN w.kind = 'link' THEN g.admin_level ELSE greatest(g.admin_level, g.root_level) END AS on_site
FROM (
  SELECT site, principal, count(*) AS grants, max(rank) AS rank, bool_or(is_admin) AS admin, bool_or(on_root) AS on_root,
    max(rank * 100000 - level) FILTER (is_admin) AS admin_level, max(rank * 100000 - level) FILTER (on_root) AS root_level
  FROM granted GROUP BY site, principal
) g JOIN (SELECT id, kind, ord, scope FROM who) w ON w.id = g.principal;
CREATE OR REPLACE TEMP TABLE granted_object AS
SELECT DISTINCT w.gid, g.securable FROM granted g JOIN grantee w ON w.site = g.site AND w.principal = g.principal;
-- Its four strongest grants: as many as a person's row can tell of.
CREATE OR REPLACE TEMP TABLE best AS
SELECT w.gid, g.securable, g.level, g.is_admin, g.rank,
  row_number() OVER (PARTITION BY w.gid ORDER BY g.rank DESC, g.ord, g.level, g.is_admin DESC) - 1 AS nth
FROM granted g JOIN grantee w ON w.site = g.site AND w.principal = g.principal
QUALIFY nth < 4;

-- 2. Whom each reaches: itself, its direct members, the members of groups inside it. `way`: 0 itself,
-- 1 directly in it, from 2 the chain of `leads`; for everyone-type claims that chain, negative. `ways` counts the ways in.
CREATE OR REPLACE TEMP TABLE hit AS
WITH own AS MATERIALIZED (SELECT w.gid, w.principal FROM grantee w WHERE w.kind IN ('sp_group', 'link'))
SELECT w.gid, r.usr, r.way, r.ways FROM reach r JOIN (SELECT gid, principal FROM grantee WHERE kind NOT IN ('sp_group', 'link')) w ON w.principal = r.principal
UNION ALL
SELECT gid, usr, min(way), count(*) FROM (
  SELECT o.gid, h.member AS usr, 1 AS way FROM held h JOIN own o ON o.principal = h.container
  UNION ALL
  SELECT o.gid, h.member, k.way FROM own o JOIN leads k ON k.ancestor = o.principal JOIN held h ON h.container = k.descendant
) SEMI JOIN person_of USING (usr) GROUP BY gid, usr
UNION ALL
SELECT gid, principal, 0, 1 FROM grantee SEMI JOIN person_of p ON p.usr = principal WHERE kind = 'user'
-- Everyone-type claims and anyone links are one row each, never people (3.7, 3.8).
UNION ALL
SELECT gid, principal, 0, 1 FROM grantee WHERE is_special(kind)
UNION ALL
SELECT w.gid, k.descendant, -k.way, 1 FROM grantee w JOIN leads k ON k.ancestor = w.principal JOIN directory s ON s.id = k.descendant AND is_special(s.kind)
UNION ALL
SELECT gid, -1, 0, 1 FROM grantee WHERE scope = 'anyone';

CREATE OR REPLACE TEMP TABLE person_here AS
SELECT w.site, h.usr, count(*) AS ways, count(*) FILTER (w.shared) AS groups, sum(w.grants * h.ways)::BIGINT AS paths,
  bool_or(w.whole) AS whole, bool_and(w.by_link) AS link_only, max(w.on_site) AS on_site, min(h.gid) AS gid
FROM hit h JOIN grantee w ON w.gid = h.gid GROUP BY w.site, h.usr;
-- Most people have one way in and all that it gives; only the others must be compared grant by grant.
CREATE OR REPLACE TEMP TABLE several AS
SELECT w.site, h.usr, h.gid, w.shared
FROM hit h JOIN grantee w ON w.gid = h.gid SEMI JOIN (SELECT site, usr FROM person_here WHERE ways > 1) p ON p.site = w.site AND p.usr = h.usr;

-- 3. How many objects each person reaches. People who share the same groups here share that count, so
-- it is computed once per set of groups; direct grants and links are added person by person. The set of one
-- group has the group's gid, those of several are numbered from 1,000,000,001.
CREATE OR REPLACE TEMP TABLE group_list AS
SELECT site, usr, list(gid ORDER BY gid) AS gids FROM several WHERE shared GROUP BY site, usr;
CREATE OR REPLACE TEMP TABLE group_set AS
SELECT gids, CASE WHEN len(gids) = 1 THEN gids[1] ELSE 1000000000 + row_number() OVER () END AS id FROM (SELECT DISTINCT gids FROM group_list);
CREATE OR REPLACE TEMP TABLE person_set AS
SELECT l.site, l.usr, s.id FROM group_list l JOIN group_set s ON s.gids = l.gids;
-- A set and an object in one number: id above, securable in the lower 32 bits.
CREATE OR REPLACE TEMP TABLE set_object AS
SELECT DISTINCT (s.id << 32) + g.securable AS pair FROM (SELECT id, unnest(gids) AS gid FROM group_set) s JOIN granted_object g ON g.gid = s.gid;
CREATE OR REPLACE TEMP TABLE object_count AS
WITH shared AS (SELECT pair >> 32 AS id, count(*) AS objects FROM set_object GROUP BY ALL),
own AS (
  SELECT o.site, o.usr, count(*) AS objects
  FROM (SELECT DISTINCT m.site, m.usr, g.securable FROM several m JOIN granted_object g ON g.gid = m.gid WHERE NOT m.shared) o
  LEFT JOIN person_set s ON s.site = o.site AND s.usr = o.usr
  ANTI JOIN set_object x ON x.pair = (s.id << 32) + o.securable
  GROUP BY o.site, o.usr
),
alone AS (SELECT gid, count(*) AS objects FROM granted_object GROUP BY gid)
SELECT p.site, p.usr, a.objects FROM person_here p JOIN alone a ON a.gid = p.gid WHERE p.ways = 1
UNION ALL
SELECT p.site, p.usr, coalesce(s.objects, 0) + coalesce(o.objects, 0)
FROM person_here p LEFT JOIN person_set m ON m.site = p.site AND m.usr = p.usr LEFT JOIN shared s ON s.id = m.id
LEFT JOIN own o ON o.site = p.site AND o.usr = p.usr
WHERE p.ways > 1;

-- 4. What a person's row tells of: up to four reasons, the lowest of all that apply. They are numbered as they
-- are shown: the strongest grant first, then direct, then through a SharePoint group, then fewer hops (3.12).
CREATE OR REPLACE TEMP TABLE reason AS
WITH chain AS (
  SELECT u.gid, u.way, w.site, w.principal, w.kind, w.ord,
    CASE WHEN u.way > 1 THEN k.distance + 1 WHEN u.way < 0 THEN k.distance ELSE u.way END AS hops,
    CASE WHEN u.way > 1 THEN k.descendant WHEN u.way < 0 AND k.distance > 1 THEN k.via END AS container
  FROM (SELECT DISTINCT gid, way FROM hit) u JOIN grantee w ON w.gid = u.gid
  LEFT JOIN leads k ON k.ancestor = w.principal AND k.way = abs(u.way)
)
SELECT row_number() OVER (ORDER BY b.rank DESC, c.hops > 0, c.kind <> 'sp_group', c.hops, c.ord, b.nth, c.gid, c.way)::INTEGER AS id,
  c.gid, c.way, c.site, c.principal, c.kind, c.container, b.securable, b.level, b.is_admin
FROM chain c JOIN best b ON b.gid = c.gid;
CREATE OR REPLACE TEMP TABLE shown AS
SELECT site, usr, ids[1] AS first, ids[2] AS second, ids[3] AS third, ids[4] AS fourth, len(ids)::INTEGER AS told
FROM (
  SELECT r.site, h.usr, min(r.id, 4) AS ids FROM hit h JOIN (SELECT id, gid, way, site FROM reason) r ON r.gid = h.gid AND r.way = h.way
  GROUP BY r.site, h.usr
);
CREATE OR REPLACE TEMP TABLE told AS
WITH used AS MATERIALIZED (FROM reason r SEMI JOIN (SELECT first AS id FROM shown UNION ALL SELECT second FROM shown UNION ALL SELECT third FROM shown UNION ALL SELECT fourth FROM shown) s ON s.id = r.id),
-- The words of these few principals: a tenant has a step for each of its links.
said AS MATERIALIZED (
  SELECT t.principal, t.text FROM step t
  SEMI JOIN (SELECT principal AS id FROM used UNION SELECT container FROM used WHERE container IS NOT NULL) n ON n.id = t.principal
)
SELECT c.id, l.name AS level, coalesce(dt.text, '')
    || CASE WHEN c.way = 0 AND c.kind <> 'link' THEN '' WHEN c.container IS NULL THEN st.text ELSE k.path END
    || CASE WHEN c.is_admin THEN ' -> site administrator' ELSE '' END
    || ' -> ' || l.name || ' on ' || on_object(o.kind, o.name) AS text
FROM used c JOIN level l ON l.id = c.level JOIN what o ON o.id = c.securable
LEFT JOIN said st ON st.principal = c.principal LEFT JOIN said dt ON dt.principal = c.container
LEFT JOIN leads k ON k.descendant = c.container AND k.ancestor = c.principal;

-- 5. The rows, numbered in report order.
CREATE OR REPLACE TEMP TABLE line AS
SELECT row_number() OVER (ORDER BY z.ord, p.ord NULLS LAST) - 1 AS position, m.site, m.usr, m.whole, m.paths, m.link_only,
  c.objects, y.name AS site_level, t.first, t.second, t.third, t.fourth, t.told
FROM person_here m JOIN now_site z ON z.site = m.site
JOIN shown t ON t.site = m.site AND t.usr = m.usr
JOIN object_count c ON c.site = m.site AND c.usr = m.usr
LEFT JOIN (SELECT id, ord FROM directory) p ON p.id = m.usr
LEFT JOIN level y ON y.rank::BIGINT * 100000 - y.id = m.on_site
ORDER BY position;
