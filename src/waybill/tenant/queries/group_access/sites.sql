-- The sites this report is about. $sites: ids, or NULL for all; $modules: data sources. Numbers, no texts and no
-- order: every query asks only whether a site is among them, in which module, and whether it is simply active.
CREATE OR REPLACE TEMP TABLE asked_site AS
SELECT s.id AS site, s.state <> 'Active' AS capped,
  list_position(['Microsoft Teams', 'SharePoint Online', 'OneDrive', 'Microsoft 365 Group'], s.module)::UTINYINT AS module
FROM site s
WHERE ($sites::INTEGER[] IS NULL OR list_contains($sites::INTEGER[], s.id)) AND list_contains($modules::VARCHAR[], s.module)
  AND s.state <> 'Deleted';
