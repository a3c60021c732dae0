-- What the snapshot can tell of this person ($person) and what was never loaded: one row.
SELECT
  (SELECT p.name FROM principal p WHERE p.id = $person) AS name,
  (SELECT p.status FROM principal p WHERE p.id = $person) AS status,
  (SELECT p.home_tenant FROM principal p WHERE p.id = $person) IS NOT NULL AS home_tenant,
  EXISTS (SELECT 1 FROM profile WHERE principal = $person) AS described,
  EXISTS (SELECT 1 FROM license) AS licenses,
  EXISTS (SELECT 1 FROM manager) AS managers,
  EXISTS (SELECT 1 FROM activity_event) AS events,
  EXISTS (SELECT 1 FROM person_day) AS days,
  EXISTS (SELECT 1 FROM person_usage) AS usage,
  (SELECT value FROM meta WHERE key = 'activity_until') AS activity_until,
  coalesce((SELECT value = 'true' FROM meta WHERE key = 'directory_complete'), false) AS directory_complete,
  EXISTS (SELECT 1 FROM drive_item) AS drives,
  (SELECT count(*) FROM drive_item WHERE owner = $person) AS items,
  (SELECT count(*) FROM drive_item WHERE owner = $person AND kind = 'file' AND content IS NOT NULL) AS contents,
  (SELECT count(*) FROM site s WHERE s.module = 'OneDrive' AND s.state <> 'Deleted' AND EXISTS (
     SELECT 1 FROM site_admin a WHERE a.site = s.id AND a.principal = $person AND a.is_primary)) AS drive_sites,
  (SELECT count(*) FROM site WHERE site_type IN ('Private channel', 'Shared channel') AND state <> 'Deleted') AS channels,
  (SELECT count(*) FROM site WHERE site_type IN ('Private channel', 'Shared channel') AND state <> 'Deleted'
     AND id NOT IN (SELECT site FROM channel_member)) AS channels_unknown,
  (SELECT count(*) FROM link WHERE created_by IS NULL) AS links_unsigned,
  -- Groups that hold something and whose members nobody told: the person may be in one.
  (SELECT count(*) FROM principal p WHERE (p.kind IN ('external_group', 'unresolved')
       OR (p.kind NOT IN ('user', 'application') AND p.status = 'unresolved'))
     AND p.status NOT IN ('deleted', 'soft_deleted')
     AND (p.id IN (SELECT principal FROM acl) OR p.id IN (SELECT member FROM member)
       OR p.id IN (SELECT principal FROM site_admin) OR p.id IN (SELECT principal FROM invite))) AS groups_unknown;
