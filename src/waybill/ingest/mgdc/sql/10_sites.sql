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
-- place: grant | member | owner; pos: where among the names of that row; by_link: on a sharing link's row or in a link's hidden group.
CREATE TEMP VIEW naming AS
SELECT 'grant' AS place, p.rowid AS source, s.site, p.LinkId IS NOT NULL AS by_link, unnest(p.SharedWith) AS who, generate_subscripts(p.SharedWith, 1) AS pos
FROM landed.SharePointPermissions p JOIN place_site s ON s.guid = p.SiteId
UNION ALL
SELECT 'member', g.rowid, s.site, g.GroupLinkId IS NOT NULL OR g.DisplayName ILIKE 'sharinglinks.%', unnest(g.Members), generate_subscripts(g.Members, 1)
FROM landed.SharePointGroups g JOIN place_site s ON s.guid = g.SiteId
UNION ALL
-- A group-connected site names its own group as owner; what is meant is the group's owners (insights.md 3.2).
SELECT 'owner', o.rowid, s.site, false, struct_update(o.Owner, LoginName := CASE WHEN o.Owner.AadObjectId = o.GroupId
    THEN 'c:0o.c|federateddirectoryclaimprovider|' || o.GroupId || '_o' ELSE o.Owner.LoginName END), 1
FROM landed.SharePointSites o JOIN place_site s ON s.guid = o.Id
WHERE coalesce(o.Owner.AadObjectId, o.Owner.Name, o.Owner.Email, o.Owner.UPN, o.Owner.LoginName) IS NOT NULL;

-- local: the site whose SharePoint group is meant, -1 = nothing local.
CREATE TEMP VIEW mentioning AS
SELECT place, source, pos, site, by_link, who, CASE WHEN lower(coalesce(who.TypeV2, who.Type)) = 'sharepointgroup' THEN site ELSE -1 END AS local
FROM naming WHERE coalesce(who.AadObjectId, who.Name, who.Email, who.UPN, who.LoginName) IS NOT NULL;

CREATE TEMP TABLE named AS
SELECT place, source, pos, site, by_link, who.UserCount AS users,
       md5_number(concat_ws(chr(31), coalesce(who.Type, ''), coalesce(who.TypeV2, ''), coalesce(who.AadObjectId, ''),
         coalesce(who.LoginName, ''), coalesce(who.UPN, ''), coalesce(who.Email, ''), coalesce(who.Name, ''), local)) AS mention
FROM mentioning;

-- Each different way of naming somebody, once: what it says is looked up where it occurs first, for all say the same.
-- Few ways are named often: the rows they occur in first are found before any list of names is taken apart again.
CREATE TEMP TABLE mention AS
WITH met AS (
  SELECT mention, min(rowid) AS first, nullif(max(users), 0) AS users, bool_and(by_link AND place = 'grant') AS link_only FROM named GROUP BY mention
),
first AS (SELECT m.mention, m.users, m.link_only, n.place, n.source, n.pos, n.site FROM met m JOIN named n ON n.rowid = m.first),
said AS (
  SELECT f.*, p.SharedWith[f.pos] AS who FROM first f JOIN landed.SharePointPermissions p ON p.rowid = f.source WHERE f.place = 'grant'
  UNION ALL
  SELECT f.*, g.Members[f.pos] FROM first f JOIN landed.SharePointGroups g ON g.rowid = f.source WHERE f.place = 'member'
  UNION ALL
  SELECT f.*, n.who FROM first f JOIN naming n ON n.place = f.place AND n.source = f.source WHERE n.place = 'owner'
)
SELECT mention, who.Type AS type, lower(coalesce(who.TypeV2, who.Type, '')) AS word, who.AadObjectId AS aad, who.LoginName AS login,
       who.UPN AS upn, who.Email AS email, who.Name AS name,
       CASE WHEN lower(coalesce(who.TypeV2, who.Type)) = 'sharepointgroup' THEN site ELSE -1 END AS local, users, link_only
FROM said;
