-- Every principal once, with the best that any mention or the directory says of it.
CREATE TEMP TABLE said AS
SELECT i.key, min(i.kind) AS kind, min(c.name) AS name, min(lower(c.upn)) AS upn, min(c.email) AS email, min(c.login) AS login,
       min(CASE WHEN c.meaning IN ('user', 'link_guest') THEN c.value END) AS address, max(c.users) AS users,
       bool_or(c.meaning = 'm365_group') AS is_m365, bool_or(c.meaning = 'link_guest') AS link_guest,
       bool_or(c.word LIKE 'external%') AS is_external, bool_or(c.word = 'b2buser') AS b2b, bool_and(c.link_only) AS link_only
FROM identity i JOIN classified c ON c.mention = i.mention GROUP BY i.key;

CREATE TEMP TABLE made (
  key VARCHAR, kind VARCHAR, entra_id VARCHAR, site INTEGER, sp_id BIGINT, of_key VARCHAR, login VARCHAR, upn VARCHAR, email VARCHAR,
  name VARCHAR, user_type VARCHAR, external BOOLEAN, status VARCHAR, membership VARCHAR, created_at TIMESTAMP, reported_users BIGINT
);

-- People (3.11). An id that is not the directory's for the same user principal name does not work.
INSERT INTO made
WITH person AS (
  SELECT coalesce('e|' || k.id, s.key) AS key, coalesce(k.id, CASE WHEN s.key LIKE 'e|%' THEN s.key[3:] END) AS entra_id, k.id IS NOT NULL AS known,
         k.enabled, k.deleted, k.created, k.user_type, coalesce(k.upn, s.upn, CASE WHEN NOT s.link_guest THEN s.address END, CASE WHEN s.key LIKE 'x|%' THEN s.key[3:] END) AS upn,
         coalesce(k.mail, s.email, CASE WHEN s.link_guest THEN s.address END) AS mail, coalesce(k.name, s.name) AS name, s.login,
         coalesce(s.is_external, false) AS is_external, coalesce(s.b2b, false) AS b2b, coalesce(s.link_guest, false) AS link_guest,
         coalesce(s.link_only, false) AS link_only
  FROM known_user k FULL JOIN (SELECT * FROM said WHERE kind = 'user' AND key[:2] IN ('e|', 'x|', 'n|')
    AND key[3:] NOT IN (SELECT id FROM known_group)) s ON s.key = 'e|' || k.id
),
judged AS (
  SELECT *, coalesce(upn ILIKE '%#ext#%', false) OR coalesce(login ILIKE '%#ext#%', false) AS guest_account FROM person
)
SELECT key, 'user', entra_id, NULL, NULL, NULL, coalesce(login, 'i:0#.f|membership|' || lower(upn)), upn, mail, coalesce(name, upn, mail, entra_id, key[3:]),
  CASE WHEN user_type = 'guest' THEN 'Guest' WHEN user_type = 'member' THEN 'Member' WHEN b2b AND NOT guest_account THEN 'B2B direct'
       WHEN guest_account OR link_guest OR is_external THEN 'Guest' ELSE 'Member' END,
  guest_account OR link_guest OR coalesce(user_type = 'guest', false) OR (user_type IS NULL AND (is_external OR b2b)),
  CASE WHEN NOT known AND entra_id IS NOT NULL AND EXISTS (SELECT 1 FROM known_user o WHERE lower(o.upn) = lower(judged.upn) AND o.rank < 3) THEN 'id_mismatch'
       WHEN deleted IS NOT NULL THEN 'soft_deleted'
       WHEN enabled = false THEN 'blocked'
       WHEN key LIKE 'n|%' THEN 'unresolved'
       WHEN key LIKE 'x|%' AND link_only AND (is_external OR link_guest) THEN 'invited'
       ELSE 'active' END,
  NULL, created, NULL
FROM judged;

-- Service principals that are in a group (2.1, Member Type). Devices and contacts reach nothing and are left out.
INSERT INTO made
SELECT 'e|' || id, 'application', id, NULL, NULL, NULL, NULL, NULL, NULL, coalesce(min(name), id), NULL, false, 'active', NULL, NULL, NULL
FROM edge_row WHERE word LIKE '%serviceprincipal%' AND id NOT IN (SELECT id FROM known_user) AND id NOT IN (SELECT id FROM known_group)
GROUP BY id;

-- Directory groups; those GroupDetails does not have are known by name and id at most (3.6).
INSERT INTO made
WITH id AS (
  SELECT id FROM known_group
  UNION SELECT key[3:] FROM said WHERE key LIKE 'e|%' AND kind IN ('group', 'external_group', 'directory_role')
  UNION SELECT key[3:] FROM said WHERE key LIKE 'o|%'
),
listed AS (SELECT DISTINCT grp FROM edge_row WHERE relation = 'member'),
told AS (SELECT id, min(name) AS name FROM edge_row WHERE word LIKE '%group%' GROUP BY id)
SELECT 'e|' || i.id,
  CASE WHEN d.id IS NOT NULL THEN
         CASE WHEN list_contains(list_transform(coalesce(d.groupTypes, []), lambda t : lower(t)), 'unified') THEN 'm365_group'
              WHEN d.mailEnabled AND d.securityEnabled THEN 'mail_security_group'
              WHEN d.mailEnabled THEN 'distribution_group' ELSE 'security_group' END
       WHEN s.kind = 'external_group' OR s.kind = 'directory_role' THEN s.kind
       WHEN s.is_m365 OR o.key IS NOT NULL OR w.grp IS NOT NULL THEN 'm365_group' ELSE 'security_group' END AS kind,
  i.id, NULL, NULL, NULL, s.login, NULL, coalesce(d.mail, s.email, o.email),
  -- SharePoint calls a Microsoft 365 group `<name> Members`, its owners `<name> Owners`.
  coalesce(d.displayName, t.name, w.title, CASE WHEN s.is_m365 THEN regexp_replace(s.name, ' Members$', '') ELSE s.name END,
           regexp_replace(o.name, ' Owners$', ''), i.id), NULL, coalesce(s.kind = 'external_group', false),
  CASE WHEN d.deletedDateTime IS NOT NULL THEN 'soft_deleted'
       WHEN l.grp IS NOT NULL OR s.kind = 'external_group' THEN 'active'
       WHEN d.id IS NOT NULL AND EXISTS (SELECT 1 FROM listed) THEN 'active' ELSE 'unresolved' END AS status,
  CASE WHEN d.id IS NULL THEN NULL
       WHEN list_contains(list_transform(coalesce(d.groupTypes, []), lambda t : lower(t)), 'dynamicmembership') THEN 'Dynamic' ELSE 'Assigned' END,
  d.createdDateTime, CASE WHEN d.deletedDateTime IS NULL AND l.grp IS NULL AND (d.id IS NULL OR NOT EXISTS (SELECT 1 FROM listed)) THEN s.users END
FROM id i
LEFT JOIN landed.GroupDetails d ON d.id = i.id
LEFT JOIN said s ON s.key = 'e|' || i.id
LEFT JOIN said o ON o.key = 'o|' || i.id
LEFT JOIN listed l ON l.grp = i.id
LEFT JOIN told t ON t.id = i.id
LEFT JOIN (SELECT grp, min(title) AS title FROM place_site GROUP BY grp) w ON w.grp = i.id;

UPDATE made SET login = CASE kind WHEN 'm365_group' THEN 'c:0o.c|federateddirectoryclaimprovider|' ELSE 'c:0t.c|tenant|' END || entra_id
WHERE key LIKE 'e|%' AND kind <> 'user' AND login IS NULL;

-- The owners claim of a Microsoft 365 group.
INSERT INTO made
SELECT s.key, 'm365_owners', NULL, NULL, NULL, g.key, 'c:0o.c|federateddirectoryclaimprovider|' || s.key[3:] || '_o', NULL, g.email,
       g.name || ' Owners', NULL, false,
       CASE WHEN g.status = 'soft_deleted' THEN 'soft_deleted'
            WHEN EXISTS (SELECT 1 FROM edge_row e WHERE e.relation = 'owner' AND e.grp = s.key[3:]) THEN 'active'
            WHEN EXISTS (SELECT 1 FROM landed.GroupDetails d WHERE d.id = s.key[3:]) AND EXISTS (SELECT 1 FROM landed.GroupOwners) THEN 'active'
            ELSE 'unresolved' END,
       NULL, NULL, s.users
FROM said s JOIN made g ON g.key = 'e|' || s.key[3:] WHERE s.key LIKE 'o|%';
UPDATE made SET reported_users = NULL WHERE kind = 'm365_owners' AND status <> 'unresolved';

-- SharePoint groups and links, with those only permission rows name.
INSERT INTO made
SELECT key, CASE WHEN is_link THEN 'link' ELSE 'sp_group' END, NULL, site, CASE WHEN NOT is_link THEN min(sp_id) END, NULL, min(name), NULL, NULL,
       min(name), NULL, false, 'active', NULL, NULL, NULL
FROM local_group GROUP BY key, is_link, site;
INSERT INTO made
SELECT DISTINCT 'l|' || s.site || '|' || p.LinkId, 'link', NULL, s.site, NULL, NULL, NULL, NULL, NULL, 'Sharing link ' || p.LinkId, NULL, false, 'active', NULL, NULL, NULL
FROM landed.SharePointPermissions p JOIN place_site s ON s.guid = p.SiteId
WHERE p.LinkId IS NOT NULL AND 'l|' || s.site || '|' || p.LinkId NOT IN (SELECT key FROM made);
INSERT INTO made
SELECT key, 'sp_group', NULL, split_part(key, '|', 2)::INTEGER, NULL, NULL, name, NULL, NULL, name, NULL, false, 'unresolved', NULL, NULL, users
FROM said WHERE key LIKE 'G|%';

-- Everyone-type claims, roles, applications, link markers, and groups nothing identifies.
INSERT INTO made
SELECT key, CASE WHEN kind IN ('group', 'external_group', 'link_marker') THEN CASE WHEN kind = 'external_group' THEN kind ELSE 'unresolved' END ELSE kind END,
       NULL, NULL, NULL, NULL,
       coalesce(login, CASE kind WHEN 'everyone' THEN 'c:0(.s|true' WHEN 'eeeu' THEN 'c:0-.f|rolemanager|spo-grid-all-users/' || getvariable('tenant')
         WHEN 'all_windows' THEN 'c:0!.s|windows' WHEN 'all_membership' THEN 'c:0!.s|forms:membership' ELSE name END),
       NULL, email,
       CASE WHEN kind = 'link_marker' AND coalesce(name, '') NOT ILIKE '%slinkclaim%' THEN 'SLinkClaim ' || key[3:]
            ELSE coalesce((SELECT title FROM special_title t WHERE t.meaning = kind), name, login, email, key[3:]) END,
       NULL, kind = 'external_group', CASE WHEN kind IN ('group', 'directory_role') THEN 'unresolved' ELSE 'active' END,
       NULL, NULL, CASE WHEN kind IN ('group', 'external_group', 'directory_role') THEN users END
FROM said WHERE key[:2] IN ('!|', 'r|', 'a|', 'u|')
  OR (key LIKE 'm|%' AND key IN (SELECT i.key FROM identity i JOIN named n ON n.mention = i.mention WHERE n.place = 'grant'));

CREATE TEMP TABLE numbered AS SELECT key, row_number() OVER (ORDER BY key)::INTEGER - 1 AS id FROM made;
INSERT INTO principal BY NAME
SELECT n.id, m.kind, m.entra_id, m.site, m.sp_id, o.id AS of_group, m.login, m.upn, m.email, m.name, m.user_type, m.external, m.status,
       m.membership, m.created_at, m.reported_users
FROM made m JOIN numbered n ON n.key = m.key LEFT JOIN numbered o ON o.key = m.of_key ORDER BY n.id;
-- What each mention came to, as a number.
CREATE TEMP TABLE meant AS
SELECT i.mention, n.id AS principal, i.kind FROM identity i JOIN numbered n ON n.key = i.key;
