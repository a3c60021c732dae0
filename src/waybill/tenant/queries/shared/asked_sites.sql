-- The sites a report is about. $sites: ids, or NULL for all; $modules: data sources, or NULL for all.
CREATE OR REPLACE TEMP TABLE asked_site AS
SELECT s.id AS site, o.ord, s.module, s.state
FROM site s JOIN site_order o ON o.site = s.id
WHERE ($sites::INTEGER[] IS NULL OR s.id IN (SELECT unnest($sites::INTEGER[])))
  AND ($modules::VARCHAR[] IS NULL OR s.module IN (SELECT unnest($modules::VARCHAR[])))
  AND s.state <> 'Deleted'
ORDER BY o.ord;
