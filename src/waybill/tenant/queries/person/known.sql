-- What the snapshot can tell of this person ($person) and what was never loaded: one row.
-- `odd`: groups that hold something and whose members nobody told; the person may be in one.
WITH unknown AS (
  SELECT id FROM principal
  WHERE (kind IN ('external_group', 'unresolved') OR (kind NOT IN ('user', 'application') AND status = 'unresolved'))
    AND status NOT IN ('deleted', 'soft_deleted')
),
odd AS (
  SELECT DISTINCT g.id
  FROM (SELECT principal AS id FROM acl UNION ALL SELECT member FROM member UNION ALL SELECT principal FROM site_admin
        UNION ALL SELECT principal FROM invite) g
  SEMI JOIN unknown u ON u.id = g.id
)
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
  (SELECT max(refresh_date) FROM person_usage WHERE principal = $person) AS usage_until,
  (SELECT coalesce(sum(concealed), 0)::BIGINT FROM usage_load) AS usage_hidden,
  (SELECT coalesce(sum(unmatched), 0)::BIGINT FROM usage_load) AS usage_unmatched,
  (SELECT coalesce(sum(rejected), 0)::BIGINT FROM usage_load) AS usage_rejected,
  (SELECT value FROM meta WHERE key = 'activity_until') AS activity_until,
  coalesce((SELECT value = 'true' FROM meta WHERE key = 'directory_complete'), false) AS directory_complete,
  EXISTS (SELECT 1 FROM drive_item) AS drives,
  (SELECT max(greatest(created_at, modified_at)) FROM drive_item WHERE owner = $person) AS drive_newest,
  EXISTS (SELECT 1 FROM drive_item WHERE owner = $person) OR EXISTS (SELECT 1 FROM license WHERE principal = $person)
    OR EXISTS (SELECT 1 FROM manager WHERE principal = $person OR manager = $person) AS at_home,
  (SELECT count(*) FROM drive_item WHERE owner = $person) AS items,
  (SELECT count(*) FROM drive_item WHERE owner = $person AND kind = 'file' AND content IS NOT NULL) AS contents,
  (SELECT count(*) FROM site s WHERE s.module = 'OneDrive' AND s.state <> 'Deleted' AND EXISTS (
     SELECT 1 FROM site_admin a WHERE a.site = s.id AND a.principal = $person AND a.is_primary)) AS drive_sites,
  (SELECT count(*) FROM site WHERE site_type IN ('Private channel', 'Shared channel') AND state <> 'Deleted') AS channels,
  (SELECT count(*) FROM site WHERE site_type IN ('Private channel', 'Shared channel') AND state <> 'Deleted'
     AND id NOT IN (SELECT site FROM channel_member)) AS channels_unknown,
  (SELECT count(*) FROM link WHERE created_by IS NULL) AS links_unsigned,
  (SELECT count(*) FROM odd) AS groups_unknown;
