-- Sites, numbered in order of their URLs, with what their paths begin with.
CREATE TEMP TABLE place_site AS
WITH split AS (
  SELECT *, rtrim(Url, '/') AS address, regexp_replace(rtrim(Url, '/'), '^[a-zA-Z]+://[^/]+/?', '') AS tail
  FROM landed.SharePointSites
)
SELECT row_number() OVER (ORDER BY lower(address), Id)::INTEGER - 1 AS site, Id AS guid, replace(address, ' ', '%20') AS url,
       regexp_extract(address, '^[a-zA-Z]+://[^/]+') AS host,
       coalesce(TRY(url_decode(tail)), tail) AS path,
       coalesce(RootWebTitle, nullif(regexp_extract(tail, '[^/]*$'), ''), address) AS title,
       upper(split_part(coalesce(RootWebTemplate, ''), '#', 1)) AS template,
       RootWebId AS root_web, GroupId AS grp
FROM split;

-- Everybody a permission row, a SharePoint group or a site names, one row each time it is named.
-- place: grant | member | owner; by_link: on a sharing link's row or in a link's hidden group.
CREATE TEMP VIEW naming AS
SELECT 'grant' AS place, p.rowid AS source, s.site, p.LinkId IS NOT NULL AS by_link, unnest(p.SharedWith) AS who
FROM landed.SharePointPermissions p JOIN place_site s ON s.guid = p.SiteId
UNION ALL
SELECT 'member', g.rowid, s.site, g.GroupLinkId IS NOT NULL OR g.DisplayName ILIKE 'sharinglinks.%', unnest(g.Members)
FROM landed.SharePointGroups g JOIN place_site s ON s.guid = g.SiteId
UNION ALL
-- A group-connected site names its own group as owner; what is meant is the group's owners (insights.md 3.2).
SELECT 'owner', o.rowid, s.site, false, struct_update(o.Owner, LoginName := CASE WHEN o.Owner.AadObjectId = o.GroupId
    THEN 'c:0o.c|federateddirectoryclaimprovider|' || o.GroupId || '_o' ELSE o.Owner.LoginName END)
FROM landed.SharePointSites o JOIN place_site s ON s.guid = o.Id
WHERE coalesce(o.Owner.AadObjectId, o.Owner.Name, o.Owner.Email, o.Owner.UPN, o.Owner.LoginName) IS NOT NULL;

CREATE TEMP VIEW mentioning AS
SELECT place, source, site, by_link, who, local,
       md5_number(concat_ws(chr(31), coalesce(who.Type, ''), coalesce(who.TypeV2, ''), coalesce(who.AadObjectId, ''),
         coalesce(who.LoginName, ''), coalesce(who.UPN, ''), coalesce(who.Email, ''), coalesce(who.Name, ''), local)) AS mention
FROM (SELECT *, CASE WHEN lower(coalesce(who.TypeV2, who.Type)) = 'sharepointgroup' THEN site ELSE -1 END AS local
      FROM naming WHERE coalesce(who.AadObjectId, who.Name, who.Email, who.UPN, who.LoginName) IS NOT NULL);

CREATE TEMP TABLE named AS SELECT place, source, site, mention FROM mentioning;

-- Each different way of naming somebody, once.
CREATE TEMP TABLE mention AS
SELECT mention, any_value(who.Type) AS type, lower(coalesce(any_value(who.TypeV2), any_value(who.Type), '')) AS word,
       any_value(who.AadObjectId) AS aad, any_value(who.LoginName) AS login, any_value(who.UPN) AS upn,
       any_value(who.Email) AS email, any_value(who.Name) AS name, any_value(local) AS local, nullif(max(who.UserCount), 0) AS users,
       bool_and(by_link AND place = 'grant') AS link_only
FROM mentioning GROUP BY mention;
