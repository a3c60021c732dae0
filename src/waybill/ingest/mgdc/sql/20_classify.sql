-- What each mention is: by its login name, else by a name that is a login name or a special group's,
-- else by the type the source states (insights.md 3.5). {plain}, {meaning}, {value}: tenant/claims.py.
CREATE TEMP TABLE classified AS
WITH plain AS (
  SELECT *, lower(replace(coalesce(name, ''), ' ', '')) AS tight, {plain} AS claim
  FROM (SELECT *, coalesce(login, CASE WHEN regexp_matches(name, '^[ci]:0.*\|') THEN name END) AS spelled FROM mention)
),
read AS (SELECT *, {meaning} AS meaning, {value} AS value FROM plain)
SELECT r.*, CASE
    WHEN r.meaning IN ('everyone', 'eeeu', 'all_windows', 'all_membership', 'm365_owners', 'application', 'link_marker') THEN r.meaning
    -- SharePoint itself, which owns what nobody else does: an account, not a person.
    WHEN r.tight = 'systemaccount' AND coalesce(r.aad, r.email, r.upn) IS NULL THEN 'application'
    WHEN r.tight LIKE '%slinkclaim%' THEN 'link_marker'
    WHEN r.local >= 0 OR r.meaning = 'link' THEN 'sp_group'
    WHEN r.meaning IS NULL AND r.aad IS NULL AND r.email IS NULL AND n.meaning IS NOT NULL THEN n.meaning
    WHEN r.meaning = 'directory_role' OR (r.email IS NULL AND r.tight IN (SELECT name FROM role_name)) THEN 'directory_role'
    WHEN r.word LIKE '%external%group%' OR (r.meaning IN ('group', 'm365_group') AND r.word LIKE 'external%') THEN 'external_group'
    WHEN r.meaning IN ('group', 'm365_group') OR r.word LIKE '%group%' THEN 'group'
    WHEN r.meaning IS NULL AND r.aad IN (SELECT id FROM landed.GroupDetails) THEN 'group'
    ELSE 'user' END AS kind
FROM read r LEFT JOIN special_name n ON n.name = r.tight;

-- SharePoint groups; those of sharing links are told by GroupLinkId or by their name (3.8).
CREATE TEMP TABLE local_group AS
SELECT source, site, sp_id, name, tight, is_link, item_guid, kind, share_guid, link_guid,
       CASE WHEN is_link THEN 'l|' || site || '|' || coalesce(link_guid, share_guid, sp_id::VARCHAR) ELSE 'g|' || site || '|' || sp_id END AS key
FROM (
  SELECT source, site, sp_id, name, tight, is_link, link_guid, nullif(parts.item, '') AS item_guid, nullif(parts.kind, '') AS kind, nullif(parts.share, '') AS share_guid
  FROM (
    SELECT g.rowid AS source, s.site, g.GroupId AS sp_id, g.DisplayName AS name, lower(replace(g.DisplayName, ' ', '')) AS tight,
           g.GroupLinkId IS NOT NULL OR g.DisplayName ILIKE 'sharinglinks.%' AS is_link, g.GroupLinkId AS link_guid,
           CASE WHEN g.DisplayName ILIKE 'sharinglinks.%'
             THEN regexp_extract(lower(g.DisplayName), '^sharinglinks\.([^.]+)\.([^.]+)\.([^.]+)$', ['item', 'kind', 'share']) END AS parts
    FROM landed.SharePointGroups g JOIN place_site s ON s.guid = g.SiteId
  )
);

-- Directory groups by mail, and by name where only one has it.
CREATE TEMP TABLE group_by_mail AS
SELECT lower(mail) AS mail, min(id) AS id FROM landed.GroupDetails WHERE mail IS NOT NULL GROUP BY 1;
CREATE TEMP TABLE group_by_name AS
SELECT lower(replace(displayName, ' ', '')) AS name, min(id) AS id
FROM landed.GroupDetails WHERE displayName IS NOT NULL GROUP BY 1 HAVING count(*) = 1;
