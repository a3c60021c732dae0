-- Sites, now that their groups have numbers (3.9, 3.10).
INSERT INTO site BY NAME
WITH fact AS (
  SELECT p.site AS id, p.guid, p.url, p.title, p.template, l.IsInRecycleBin, l.ArchiveState, l.ReadLocked, l.ReadOnly, l.SnapshotDate AS scanned_at,
         p.host ILIKE '%-my.sharepoint.com' OR p.template LIKE 'SPSPERS%' OR p.path ILIKE 'personal/%' OR p.path ILIKE '%/personal/%' OR coalesce(l.IsOneDrive, false) AS is_onedrive,
         p.template LIKE 'TEAMCHANNEL%' OR coalesce(l.IsTeamsChannelSite, false) OR coalesce(l.TeamsChannelType, 'None') NOT ILIKE 'none' AS is_channel,
         lower(coalesce(l.TeamsChannelType, '')) AS channel_type,
         coalesce(l.IsTeamsConnectedSite, false)
           OR list_contains(list_transform(coalesce(d.resourceProvisioningOptions, []), lambda t : lower(t)), 'team') AS has_team,
         p.grp AS grp_guid, n.id AS grp, coalesce(l.IsCommunicationSite, false) OR p.template LIKE 'SITEPAGEPUBLISHING%' AS is_communication,
         coalesce(l.Privacy, CASE WHEN p.grp IS NULL THEN NULL WHEN l.SiteConnectedToPrivateGroup THEN 'Private'
           WHEN NOT l.SiteConnectedToPrivateGroup THEN 'Public' ELSE d.visibility END) AS privacy,
         CASE WHEN NOT l.IsExternalSharingEnabled THEN 'Disabled' WHEN l.ShareByLinkEnabled THEN 'ExternalUserAndGuestSharing'
              WHEN l.ShareByEmailEnabled THEN 'ExternalUserSharingOnly'
              WHEN l.IsExternalSharingEnabled THEN 'ExistingExternalUserSharingOnly' END AS external_sharing,
         coalesce(l.LabelName, l.LabelId) AS label
  FROM place_site p JOIN landed.SharePointSites l ON l.Id = p.guid
  LEFT JOIN landed.GroupDetails d ON d.id = p.grp
  LEFT JOIN numbered n ON n.key = 'e|' || p.grp
),
-- The title of a channel's site is `<team>-<channel>`; the channel is told only where the team is known.
team AS (SELECT DISTINCT displayName AS name FROM landed.GroupDetails WHERE displayName IS NOT NULL),
dash AS (
  SELECT id, title, unnest(generate_series(1, length(title))) AS pos FROM fact WHERE is_channel AND contains(title, '-')
),
channel AS (
  SELECT d.id, max_by(title[pos + 1:], pos) AS name FROM dash d JOIN team t ON t.name = title[:pos - 1]
  WHERE title[pos] = '-' AND length(title) > pos GROUP BY d.id
)
SELECT f.id, f.guid, f.url, f.title, nullif(f.template, '') AS template,
  CASE WHEN is_onedrive THEN 'OneDrive' WHEN is_channel OR has_team THEN 'Microsoft Teams'
       WHEN grp IS NOT NULL THEN 'Microsoft 365 Group' ELSE 'SharePoint Online' END AS module,
  CASE WHEN is_onedrive THEN 'OneDrive' WHEN is_channel AND channel_type LIKE '%shared%' THEN 'Shared channel'
       WHEN is_channel THEN 'Private channel' WHEN has_team THEN 'Team (standard)' WHEN grp IS NOT NULL THEN 'Group-connected'
       WHEN is_communication THEN 'Communication' ELSE 'Classic' END AS site_type,
  c.name AS channel_name, f.privacy, f.external_sharing, f.label, f.grp,
  CASE WHEN IsInRecycleBin THEN 'Deleted' WHEN ArchiveState IS NOT NULL AND lower(ArchiveState) <> 'none' THEN 'Archived'
       WHEN ReadLocked THEN 'No access' WHEN ReadOnly THEN 'Read-only' ELSE 'Active' END AS state,
  f.scanned_at
FROM fact f LEFT JOIN channel c ON c.id = f.id ORDER BY f.id;

-- Who is directly in what. Devices and contacts reach nothing.
INSERT INTO member
SELECT DISTINCT c.id, m.id FROM edge_row e JOIN numbered c ON c.key = 'e|' || e.grp JOIN numbered m ON m.key = 'e|' || e.id
WHERE e.relation = 'member' AND e.word NOT LIKE '%device%' AND e.word NOT LIKE '%contact%'
UNION
SELECT n.id, m.principal FROM named w JOIN local_group g ON g.source = w.source AND NOT g.is_link
JOIN numbered n ON n.key = g.key JOIN meant m ON m.mention = w.mention
WHERE w.place = 'member' AND m.kind <> 'link_marker'
ORDER BY ALL;

INSERT INTO owner
SELECT DISTINCT c.id, m.id FROM edge_row e JOIN numbered c ON c.key = 'e|' || e.grp JOIN numbered m ON m.key = 'e|' || e.id
WHERE e.relation = 'owner' ORDER BY ALL;

-- Administrators: the Owner of the site is the primary one, SiteAdmin rows name all.
INSERT INTO site_admin
SELECT w.site, m.principal, bool_or(w.place = 'owner') FROM named w JOIN meant m ON m.mention = w.mention
LEFT JOIN landed.SharePointPermissions p ON p.rowid = w.source AND w.place = 'grant'
WHERE m.kind <> 'link_marker' AND (w.place = 'owner' OR lower(p.ItemType) = 'siteadmin') GROUP BY w.site, m.principal ORDER BY ALL;
