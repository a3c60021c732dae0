SELECT s.title, s.url, s.guid, s.state, s.external_sharing, s.label, s.scanned_at,
  (SELECT count(*) FROM drive WHERE kind = 'file'), (SELECT coalesce(sum(size), 0)::BIGINT FROM drive WHERE kind = 'file')
FROM site s JOIN site_order q ON q.site = s.id
WHERE s.module = 'OneDrive' AND EXISTS (SELECT 1 FROM site_admin a WHERE a.site = s.id AND a.principal = (SELECT id FROM me) AND a.is_primary)
ORDER BY q.ord;
