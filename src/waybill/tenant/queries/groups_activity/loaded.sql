-- The rows of Microsoft's own report for one period and refresh date, in their order.
SELECT
  refresh_date, display_name, is_deleted, owner_upn, last_activity, group_type,
  members, external_members, emails_received, active_files, yammer_posted, yammer_read, yammer_liked,
  mailbox_items, mailbox_bytes, site_files, site_bytes, channel_messages, meetings,
  group_id, CAST(period AS VARCHAR) AS period
FROM usage_report
WHERE period = $period AND refresh_date = $refresh
ORDER BY position
