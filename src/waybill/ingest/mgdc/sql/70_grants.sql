-- Levels: the built-in ones by any spelling; other names are custom levels, numbered from 100.
INSERT INTO level
SELECT (99 + row_number() OVER (ORDER BY word))::SMALLINT, name, {custom_rank}, false
FROM (SELECT lower(replace(replace(RoleDefinition, ' ', ''), '-', '')) AS word, min(RoleDefinition) AS name
      FROM landed.SharePointPermissions WHERE lower(ItemType) <> 'siteadmin' GROUP BY 1)
WHERE word NOT IN (SELECT word FROM level_word);

CREATE TEMP TABLE entry_row AS
SELECT r.source, r.site, r.securable, p.LinkId AS link_guid, coalesce(w.level, l.id) AS level,
       lower(replace(replace(p.RoleDefinition, ' ', ''), '-', '')) AS word
FROM row_place r JOIN landed.SharePointPermissions p ON p.rowid = r.source
LEFT JOIN level_word w ON w.word = lower(replace(replace(p.RoleDefinition, ' ', ''), '-', ''))
LEFT JOIN level l ON l.id >= 100 AND lower(replace(replace(l.name, ' ', ''), '-', '')) = lower(replace(replace(p.RoleDefinition, ' ', ''), '-', ''));

INSERT INTO acl
SELECT e.site, e.securable, m.principal, e.level FROM named w JOIN entry_row e ON e.source = w.source AND e.link_guid IS NULL
JOIN meant m ON m.mention = w.mention WHERE w.place = 'grant'
UNION
SELECT e.site, e.securable, n.id, e.level FROM entry_row e JOIN numbered n ON n.key = 'l|' || e.site || '|' || e.link_guid
WHERE e.link_guid IS NOT NULL
ORDER BY ALL;

-- Links (3.8). The scope is the record's; the kind in the group's name counts only where there is no record.
INSERT INTO link BY NAME
WITH record AS (
  SELECT 'l|' || e.site || '|' || e.link_guid AS key, e.site, arg_min(e.securable, (length(s.url), e.securable)) AS securable, min(e.link_guid) AS link_id,
         min(lower(p.LinkScope)) AS scope, bool_or(e.word IN ('contribute', 'edit', 'fullcontrol', 'design', 'approve', 'managehierarchy')) AS edits,
         bool_or(e.word = 'review') AS reviews, bool_or(e.word IN ('viewonly', 'restrictedview')) AS blocked,
         min(coalesce(p.ShareCreatedBy.UPN, p.ShareCreatedBy.Email, p.ShareCreatedBy.Name)) AS created_by,
         min(p.ShareCreatedTime) AS created_at, max(p.ShareExpirationTime) AS expires_at
  FROM entry_row e JOIN landed.SharePointPermissions p ON p.rowid = e.source JOIN securable s ON s.id = e.securable
  WHERE e.link_guid IS NOT NULL GROUP BY e.site, e.link_guid
),
hidden AS (
  SELECT key, site, min(kind) AS kind, min(item_guid) AS item_guid, min(share_guid) AS share_guid, min(link_guid) AS link_guid
  FROM local_group WHERE is_link GROUP BY key, site
),
item AS (SELECT site, guid, min(id) AS id FROM securable WHERE guid IS NOT NULL GROUP BY site, guid)
SELECT n.id AS principal, coalesce(r.site, h.site) AS site, coalesce(r.securable, i.id) AS securable,
  coalesce(r.link_id, h.link_guid, h.share_guid) AS link_id, coalesce(h.share_guid, h.link_guid, r.link_id) AS share_id,
  CASE WHEN r.scope LIKE 'anyone%' OR r.scope LIKE 'anonymous%' THEN 'anyone' WHEN r.scope LIKE 'organi%' THEN 'organization'
       WHEN r.scope LIKE '%existing%' THEN 'existing' WHEN r.scope IS NOT NULL THEN 'specific'
       WHEN h.kind LIKE 'anonymous%' THEN 'anyone' WHEN h.kind LIKE 'organization%' THEN 'organization' ELSE 'specific' END AS scope,
  CASE WHEN r.edits OR (r.key IS NULL AND h.kind LIKE '%edit') THEN 'Edit' WHEN r.reviews OR (r.key IS NULL AND h.kind LIKE '%review') THEN 'Review'
       ELSE 'View' END AS permission,
  r.created_by, r.created_at, r.expires_at, CASE WHEN r.key IS NOT NULL THEN r.blocked AND NOT r.edits AND NOT r.reviews END AS block_download
FROM numbered n LEFT JOIN record r ON r.key = n.key LEFT JOIN hidden h ON h.key = n.key
LEFT JOIN item i ON i.site = h.site AND i.guid = h.item_guid
WHERE n.key LIKE 'l|%' ORDER BY n.id;

-- Who is in a link's hidden group has redeemed it. Where no group is in the data, whom the row names has.
INSERT INTO invite
SELECT link, principal, bool_or(redeemed) FROM (
  SELECT n.id AS link, m.principal, true AS redeemed FROM named w JOIN local_group g ON g.source = w.source AND g.is_link
  JOIN numbered n ON n.key = g.key JOIN meant m ON m.mention = w.mention WHERE w.place = 'member' AND m.kind <> 'link_marker'
  UNION ALL
  SELECT n.id, m.principal, NOT EXISTS (SELECT 1 FROM local_group g WHERE g.key = n.key) FROM named w
  JOIN entry_row e ON e.source = w.source AND e.link_guid IS NOT NULL JOIN numbered n ON n.key = 'l|' || e.site || '|' || e.link_guid
  JOIN meant m ON m.mention = w.mention WHERE w.place = 'grant' AND m.kind <> 'link_marker' AND m.principal <> n.id
) GROUP BY ALL ORDER BY ALL;
-- An invitee who has opened one link is no longer pending.
UPDATE principal SET status = 'active' WHERE status = 'invited' AND id IN (SELECT principal FROM invite WHERE redeemed
  AND link IN (SELECT n.id FROM numbered n JOIN local_group g ON g.key = n.key));
