SELECT getvariable('ptenant') AS ptenant, s.guid AS "Id", s.url AS "Url",
  CASE WHEN s.state = 'Archived' THEN 'Archived' ELSE 'None' END AS "ArchiveState",
  {'Id': r.guid, 'Title': s.title, 'WebTemplate': s.template,
   'WebTemplateId': CASE s.template WHEN 'STS' THEN 1 WHEN 'SPSPERS' THEN 21 WHEN 'GROUP' THEN 64 WHEN 'SITEPAGEPUBLISHING' THEN 68 WHEN 'TEAMCHANNEL' THEN 69 END,
   'Configuration': 0} AS "RootWeb",
  1 + coalesce(n.webs, 0) AS "WebCount", 1099511627776 AS "StorageQuota", coalesce(n.files, 0) * 48000 AS "StorageUsed",
  {'MetadataSize': coalesce(n.files, 0) * 900, 'TotalFileCount': coalesce(n.files, 0),
   'TotalFileStreamSize': coalesce(n.files, 0) * 30000, 'TotalSize': coalesce(u.site_bytes, coalesce(n.files, 0) * 40000)} AS "StorageMetrics",
  coalesce(g.entra_id, '00000000-0000-0000-0000-000000000000') AS "GroupId", 'NAM' AS "GeoLocation",
  s.state = 'Deleted' AS "IsInRecycleBin",
  s.site_type = 'Team (standard)' AS "IsTeamsConnectedSite",
  s.site_type IN ('Private channel', 'Shared channel') AS "IsTeamsChannelSite",
  CASE s.site_type WHEN 'Private channel' THEN 'PrivateChannel' WHEN 'Shared channel' THEN 'SharedChannel' ELSE 'None' END AS "TeamsChannelType",
  false AS "IsHubSite", '00000000-0000-0000-0000-000000000000' AS "HubSiteId",
  s.site_type = 'Communication' AS "IsCommunicationSite", s.site_type = 'OneDrive' AS "IsOneDrive",
  s.external_sharing IN ('ExternalUserSharingOnly', 'ExternalUserAndGuestSharing') AS "ShareByEmailEnabled",
  s.external_sharing = 'ExternalUserAndGuestSharing' AS "ShareByLinkEnabled",
  s.external_sharing <> 'Disabled' AS "IsExternalSharingEnabled",
  s.grp IS NOT NULL AND s.privacy = 'Private' AS "SiteConnectedToPrivateGroup", s.privacy AS "Privacy",
  {'Id': CASE WHEN s.label IS NOT NULL THEN CAST(CAST(md5('label/' || s.label) AS UUID) AS VARCHAR) END, 'DisplayName': s.label} AS "SensitivityLabelInfo",
  'Open' AS "IBMode",
  {'AadObjectId': o.guid, 'Email': o.email, 'UPN': o.upn, 'Name': o.name} AS "Owner",
  s.state = 'No access' AS "ReadLocked", s.state = 'Read-only' AS "ReadOnly",
  '2024-03-01T08:00:00Z' AS "CreatedTime", strftime(s.scanned_at, '%Y-%m-%dT%H:%M:%SZ') AS "LastSecurityModifiedDate",
  'Full' AS "Operation", getvariable('snapshot_date') AS "SnapshotDate"
FROM site s
JOIN securable r ON r.site = s.id AND r.parent IS NULL
LEFT JOIN principal g ON g.id = s.grp
LEFT JOIN unified_group u ON u.grp = s.grp
LEFT JOIN (SELECT site, any_value(principal) AS principal FROM site_admin WHERE is_primary GROUP BY site) a ON a.site = s.id
LEFT JOIN recipient o ON o.principal = a.principal
LEFT JOIN (SELECT site, count(*) FILTER (kind = 'web') AS webs, count(*) FILTER (kind = 'file') AS files
           FROM securable WHERE site BETWEEN getvariable('low') AND getvariable('high') GROUP BY site) n ON n.site = s.id
WHERE s.id BETWEEN getvariable('low') AND getvariable('high')
ORDER BY s.id
