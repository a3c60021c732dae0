-- Who the directory knows. A fact is taken from User, else Manager, else a group's member or owner row.
CREATE TEMP TABLE edge_row AS
SELECT 'member' AS relation, grp, id, userPrincipalName AS upn, displayName AS name, mail, lower(coalesce(ObjectKind, '')) AS word
FROM landed.GroupMembers
UNION ALL
SELECT 'owner', grp, id, userPrincipalName, displayName, mail, lower(coalesce(ObjectKind, '')) FROM landed.GroupOwners;

CREATE TEMP TABLE known_group AS
SELECT id FROM landed.GroupDetails UNION SELECT grp FROM edge_row UNION SELECT id FROM edge_row WHERE word LIKE '%group%'
UNION SELECT grp FROM place_site WHERE grp IS NOT NULL;

CREATE TEMP TABLE known_user AS
WITH source AS (
  SELECT 1 AS rank, id, userPrincipalName AS upn, mail, displayName AS name, userType, accountEnabled, createdDateTime AS created,
         deletedDateTime AS deleted FROM landed.User
  UNION ALL
  SELECT 2, id, userPrincipalName, mail, displayName, userType, accountEnabled, createdDateTime, deletedDateTime FROM landed.Manager
  UNION ALL
  SELECT 3, id, upn, mail, name, NULL, NULL, NULL, NULL FROM edge_row
  WHERE word LIKE '%user%' OR (word = '' AND id NOT IN (SELECT id FROM known_group))
)
SELECT id, min(rank) AS rank,
       struct_extract(min({'r': rank, 'v': upn}) FILTER (upn IS NOT NULL), 'v') AS upn,
       struct_extract(min({'r': rank, 'v': mail}) FILTER (mail IS NOT NULL), 'v') AS mail,
       struct_extract(min({'r': rank, 'v': name}) FILTER (name IS NOT NULL), 'v') AS name,
       lower(struct_extract(min({'r': rank, 'v': userType}) FILTER (userType IS NOT NULL), 'v')) AS user_type,
       struct_extract(min({'r': rank, 'v': accountEnabled}) FILTER (accountEnabled IS NOT NULL), 'v') AS enabled,
       min(created) AS created, max(deleted) AS deleted
FROM source WHERE id NOT IN (SELECT id FROM known_group) GROUP BY id;

-- Which person an address means: the directory's word first, then what permission rows say with an id,
-- then what they say without one. key: e|<Entra id> or x|<address>.
CREATE TEMP TABLE address AS
WITH told AS (
  SELECT aad, lower(upn) AS upn, lower(email) AS email, CASE WHEN meaning IN ('user', 'link_guest') THEN value END AS value
  FROM classified WHERE kind = 'user'
),
said AS (
  SELECT 1 AS rank, lower(upn) AS address, 'e|' || id AS key FROM known_user
  UNION ALL SELECT 2, lower(mail), 'e|' || id FROM known_user
  UNION ALL SELECT 3, upn, 'e|' || aad FROM told WHERE aad IS NOT NULL
  UNION ALL SELECT 3, value, 'e|' || aad FROM told WHERE aad IS NOT NULL
  UNION ALL SELECT 4, email, 'e|' || aad FROM told WHERE aad IS NOT NULL
  UNION ALL SELECT 5, value, 'x|' || coalesce(upn, value) FROM told WHERE aad IS NULL
  UNION ALL SELECT 6, email, 'x|' || coalesce(upn, value) FROM told WHERE aad IS NULL
)
SELECT address, min({'r': rank, 'k': key}).k AS key FROM said WHERE address IS NOT NULL AND key IS NOT NULL GROUP BY address;

-- The principal each mention means, as a key:
--   e| Entra object, o| owners of a group, x| person by address, n| person by name alone, g| SharePoint group,
--   G| one that is not in the data, l| link, u| group by name alone, r| role, a| application, m| link marker, !| everyone.
CREATE TEMP TABLE identity AS
WITH local AS (
  SELECT c.mention, arg_min(g.key, (CASE WHEN g.name = c.name THEN 0 WHEN lower(g.name) = lower(c.name) THEN 1 ELSE 2 END, g.sp_id)) AS key
  FROM classified c JOIN local_group g ON g.site = c.local AND g.tight = c.tight WHERE c.kind = 'sp_group' GROUP BY c.mention
)
SELECT c.mention, c.kind,
  CASE c.kind
    WHEN 'eeeu' THEN '!|eeeu' || CASE WHEN coalesce(c.value, '') IN ('', getvariable('tenant')) THEN '' ELSE '/' || c.value END
    WHEN 'everyone' THEN '!|everyone' WHEN 'all_windows' THEN '!|all_windows' WHEN 'all_membership' THEN '!|all_membership'
    WHEN 'm365_owners' THEN 'o|' || c.value
    WHEN 'application' THEN 'a|' || coalesce(c.value, c.tight)
    WHEN 'link_marker' THEN 'm|' || coalesce(c.claim, c.tight)
    WHEN 'sp_group' THEN coalesce(l.key, 'G|' || c.local || '|' || c.tight)
    WHEN 'directory_role' THEN coalesce('e|' || CASE WHEN c.meaning = 'group' THEN c.value END, 'e|' || c.aad,
                                        'r|' || CASE WHEN c.meaning = 'directory_role' THEN c.value ELSE c.tight END)
    WHEN 'user' THEN coalesce('e|' || c.aad, u.key, v.key, m.key, 'x|' || coalesce(lower(c.upn), CASE WHEN c.meaning IN ('user', 'link_guest') THEN c.value END, lower(c.email)),
                              'n|' || lower(coalesce(c.name, c.login, '')))
    ELSE coalesce('e|' || CASE WHEN c.meaning IN ('group', 'm365_group') THEN c.value END, 'e|' || c.aad, 'e|' || bm.id, 'e|' || bn.id,
                  'u|' || lower(coalesce(c.email, c.login, c.name)))
  END AS key
FROM classified c
LEFT JOIN local l ON l.mention = c.mention
LEFT JOIN address u ON u.address = lower(c.upn)
LEFT JOIN address v ON v.address = c.value AND c.meaning IN ('user', 'link_guest')
LEFT JOIN address m ON m.address = lower(c.email)
LEFT JOIN group_by_mail bm ON bm.mail = lower(c.email)
LEFT JOIN group_by_name bn ON bn.name = c.tight AND c.email IS NULL;
