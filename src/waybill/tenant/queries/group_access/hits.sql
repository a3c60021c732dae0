-- Live access of the groups of one slice ($slice) on the asked sites, one row per way of access.
CREATE OR REPLACE TEMP TABLE hit AS
SELECT r.grp, r.principal, r.source, r.owners, r.distance, r.implied, g.site, g.securable, g.level, g.is_admin
FROM live_grant_by_principal g
JOIN (SELECT r.* FROM reach r JOIN slice_of s ON s.grp = r.grp AND s.slice = $slice) r ON r.principal = g.principal
JOIN asked_site s ON s.site = g.site;
INSERT INTO hit_site SELECT DISTINCT site FROM hit;
