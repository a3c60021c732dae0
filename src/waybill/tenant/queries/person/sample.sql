-- Somebody worth showing: an active account with activity and most OneDrive items, then most memberships.
SELECT p.entra_id
FROM principal p
LEFT JOIN (SELECT owner AS id, count(*) AS items FROM drive_item GROUP BY owner) d ON d.id = p.id
LEFT JOIN (SELECT member AS id, count(*) AS groups FROM member GROUP BY member) m ON m.id = p.id
LEFT JOIN (SELECT principal AS id, count(*) AS events FROM activity_event GROUP BY principal) a ON a.id = p.id
LEFT JOIN (SELECT principal AS id, count(*) AS channels FROM channel_member GROUP BY principal) c ON c.id = p.id
WHERE p.kind = 'user' AND p.status = 'active' AND p.entra_id IS NOT NULL
  AND (p.user_type IS NOT DISTINCT FROM 'B2B direct') = $inbound
ORDER BY (d.items > 0 AND a.events > 0) IS TRUE DESC, coalesce(d.items, 0) DESC, coalesce(m.groups, 0) + coalesce(c.channels, 0) DESC, p.entra_id LIMIT 1;
