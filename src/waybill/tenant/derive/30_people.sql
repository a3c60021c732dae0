-- Who is in each directory group, nested and distinct, and how many people every container reaches.
-- Effective people: everyone but blocked, soft-deleted and deleted accounts (3.11).
CREATE TABLE person AS
SELECT id AS usr, external, status, coalesce(user_type, CASE WHEN external THEN 'Guest' ELSE 'Member' END) AS user_type,
       status IN ('active', 'invited', 'unresolved') AS effective
FROM principal WHERE kind = 'user';

-- Populations of the everyone-type claims (3.7): internal follows userType; guests only by the two flags.
CREATE TABLE population AS
WITH flag AS (
  SELECT coalesce(max(value = 'true') FILTER (key = 'show_everyone_claim'), false) AS everyone,
         coalesce(max(value = 'true') FILTER (key = 'show_all_users_claim'), false) AS all_users
  FROM meta
)
SELECT k.kind, k.guests, p.usr, p.external
FROM (SELECT 'eeeu' AS kind, false AS guests FROM flag
      UNION ALL SELECT 'everyone', everyone FROM flag
      UNION ALL SELECT 'all_windows', all_users FROM flag
      UNION ALL SELECT 'all_membership', all_users FROM flag) k
JOIN person p ON p.status = 'active' AND (p.user_type = 'Member' OR k.guests)
-- Only kinds that occur: a tenant of 100,000 people should not store four copies of itself.
WHERE k.kind IN (SELECT DISTINCT kind FROM principal);

-- Directory containers, and SharePoint groups that are themselves invited somewhere; all other
-- SharePoint groups and links are counted from these without expanding them.
CREATE TEMP TABLE expanded AS
SELECT p.id AS principal FROM principal p
WHERE p.kind NOT IN ('user', 'application', 'sp_group', 'link') OR (p.kind = 'sp_group' AND p.id IN (SELECT member FROM edge));

CREATE TABLE group_person AS
SELECT DISTINCT grp, usr FROM (
  SELECT e.container AS grp, e.member AS usr FROM edge e
    JOIN expanded c ON c.principal = e.container JOIN person p ON p.usr = e.member
  UNION ALL
  SELECT k.ancestor, e.member FROM closure k JOIN expanded c ON c.principal = k.ancestor
    JOIN edge e ON e.container = k.descendant JOIN person p ON p.usr = e.member
  UNION ALL
  SELECT s.id, q.usr FROM principal s JOIN population q ON q.kind = s.kind
) ORDER BY grp, usr;

CREATE TEMP TABLE group_count AS
SELECT g.grp, count(*) FILTER (p.effective) AS users, count(*) FILTER (p.effective AND p.external) AS external_users,
       count(*) FILTER (NOT p.effective) AS orphaned
FROM group_person g JOIN person p USING (usr) GROUP BY g.grp;

-- SharePoint groups and links are not expanded: a container reaches its largest group (`anchor`),
-- counted above, and whoever it holds besides. A group of all staff inside 10,000 SharePoint groups
-- would else be written out 10,000 times.
CREATE TEMP TABLE anchor AS
SELECT e.container, arg_max(e.member, (coalesce(g.users + g.orphaned, 0), -e.member)) AS grp
FROM edge e ANTI JOIN expanded x ON x.principal = e.container
JOIN step m ON m.principal = e.member LEFT JOIN group_count g ON g.grp = e.member GROUP BY e.container;

CREATE TEMP TABLE local_person AS
SELECT DISTINCT x.container, x.usr
FROM (
  SELECT e.container, e.member AS usr FROM (FROM edge ANTI JOIN expanded x ON x.principal = container) e JOIN person p ON p.usr = e.member
  UNION ALL
  SELECT e.container, g.usr FROM edge e JOIN anchor a ON a.container = e.container AND a.grp <> e.member JOIN group_person g ON g.grp = e.member
) x
LEFT JOIN anchor a ON a.container = x.container
LEFT JOIN group_person g ON g.grp = a.grp AND g.usr = x.usr
WHERE g.usr IS NULL;

CREATE TEMP TABLE unknown_container AS
SELECT id AS principal FROM principal
WHERE kind IN ('external_group', 'unresolved') OR (kind NOT IN ('user', 'application') AND status = 'unresolved');

CREATE TABLE headcount AS
WITH own AS (
  SELECT l.container, count(*) FILTER (p.effective) AS users, count(*) FILTER (p.effective AND p.external) AS external_users,
         count(*) FILTER (NOT p.effective) AS orphaned
  FROM local_person l JOIN person p USING (usr) GROUP BY l.container
),
unknown AS (
  SELECT principal FROM unknown_container
  UNION SELECT k.ancestor FROM closure k JOIN unknown_container u ON u.principal = k.descendant
),
-- A group of another tenant: how many people is unknown, that they are external is not (3.6).
foreign_group AS (
  SELECT id AS principal FROM principal WHERE kind = 'external_group'
  UNION SELECT k.ancestor FROM closure k JOIN principal f ON f.id = k.descendant AND f.kind = 'external_group'
),
direct AS (SELECT container, count(*) AS members FROM member GROUP BY container),
owned AS (SELECT grp, count(*) AS owners FROM owner GROUP BY grp),
nested AS (
  SELECT k.ancestor, count(*) AS groups FROM closure k JOIN principal d ON d.id = k.descendant
  WHERE d.kind NOT IN ('m365_owners', 'link') GROUP BY k.ancestor
)
SELECT p.id AS principal,
  CASE WHEN u.principal IS NULL THEN coalesce(g.users, 0) + coalesce(o.users, 0) + coalesce(one.users, 0)
       ELSE p.reported_users END AS users,
  CASE WHEN u.principal IS NULL THEN coalesce(g.external_users, 0) + coalesce(o.external_users, 0) + coalesce(one.external_users, 0)
  END AS external_users,
  coalesce(g.orphaned, 0) + coalesce(o.orphaned, 0) + coalesce(one.orphaned, 0) AS orphaned,
  -- What nobody told is blank, never 0 (3.6).
  CASE WHEN d.members IS NULL AND (p.status = 'unresolved' OR p.kind IN ('unresolved', 'external_group')) THEN NULL
       ELSE coalesce(d.members, 0) END AS direct_members,
  coalesce(w.owners, 0) AS owners, CASE WHEN u.principal IS NULL THEN coalesce(n.groups, 0) END AS nested_groups,
  u.principal IS NOT NULL AS unknown, f.principal IS NOT NULL AS foreign_group
FROM principal p
LEFT JOIN group_count g ON g.grp = p.id
LEFT JOIN own o ON o.container = p.id
LEFT JOIN anchor l ON l.container = p.id
LEFT JOIN group_count one ON one.grp = l.grp
LEFT JOIN unknown u ON u.principal = p.id
LEFT JOIN foreign_group f ON f.principal = p.id
LEFT JOIN direct d ON d.container = p.id
LEFT JOIN owned w ON w.grp = p.id
LEFT JOIN nested n ON n.ancestor = p.id
WHERE p.kind NOT IN ('user', 'application')
ORDER BY p.id;

DROP TABLE expanded; DROP TABLE local_person; DROP TABLE anchor; DROP TABLE group_count; DROP TABLE unknown_container;
