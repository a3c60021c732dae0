-- Sites with access of the asked groups that are not simply active (for Exceptions).
CREATE OR REPLACE TEMP TABLE hit_site AS
WITH capped AS MATERIALIZED (SELECT site FROM asked_site WHERE capped)
SELECT h.site FROM group_site h SEMI JOIN (FROM slice_of WHERE counted) a ON a.grp = h.grp SEMI JOIN capped s ON s.site = h.site
UNION
SELECT r.site FROM read_site r SEMI JOIN capped s ON s.site = r.site;
