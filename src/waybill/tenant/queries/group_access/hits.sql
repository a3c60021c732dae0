-- Live access on the asked sites, one row per way of access: of all groups ($slice NULL), or of those of a slice
-- that are not counted already. A way is a row of reach, taken by an access list entry (even) or by the
-- administrator flag (odd).
CREATE OR REPLACE TEMP TABLE hit AS
SELECT r.grp, r.id * 2 + g.is_admin::INTEGER AS way, g.site, g.securable, g.level, g.is_admin
FROM live_grant_by_principal g
JOIN (SELECT r.* FROM reach r SEMI JOIN (FROM slice_of WHERE $slice::INTEGER IS NULL OR (slice = $slice AND NOT counted)) s ON s.grp = r.grp) r
  ON r.principal = g.principal
SEMI JOIN asked_site s ON s.site = g.site;
