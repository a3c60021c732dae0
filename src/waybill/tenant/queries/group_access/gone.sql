-- What names somebody in the reach of the asked groups, or a link they are in, and gives no access (for Exceptions).
CREATE OR REPLACE TEMP TABLE gone AS
WITH reachable AS MATERIALIZED (SELECT DISTINCT principal FROM reach WHERE NOT implied)
SELECT e.site, e.securable, e.principal, e.verdict::VARCHAR AS verdict FROM dead_entry e SEMI JOIN reachable r ON r.principal = e.principal SEMI JOIN asked_site s ON s.site = e.site
UNION ALL
SELECT k.site, NULL, k.principal, 'unnamed' FROM loose_link k SEMI JOIN reachable r ON r.principal = k.principal SEMI JOIN asked_site s ON s.site = k.site;
