-- Live access of the asked groups on the asked sites, one row per way of access.
CREATE OR REPLACE TEMP TABLE hit AS
SELECT r.grp, r.principal, r.applies, r.distance, r.path, r.implied, g.site, g.securable, g.level, g.is_admin
FROM live_grant_by_principal g
JOIN reach r ON r.principal = g.principal
JOIN asked_site s ON s.site = g.site;
