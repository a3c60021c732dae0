-- The sites a report is about, by their ids ($sites).
CREATE OR REPLACE TEMP TABLE asked_site AS
SELECT s.id AS site, o.ord, s.module, s.state
FROM site s JOIN site_order o ON o.site = s.id
WHERE s.id IN (SELECT unnest($sites::INTEGER[])) AND s.state <> 'Deleted'
ORDER BY o.ord;
