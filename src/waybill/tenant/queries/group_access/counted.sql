-- What each counted group reaches on the asked sites, in numbers.
CREATE OR REPLACE TEMP TABLE per_group AS
SELECT h.grp,
  count(*) FILTER (h.rooted AND s.module = 1) AS teams,
  count(*) FILTER (h.rooted AND s.module = 2) AS sharepoint,
  count(*) FILTER (h.rooted AND s.module = 3) AS onedrive,
  count(*) FILTER (h.rooted AND s.module = 4) AS m365,
  sum(h.objects)::BIGINT AS objects, count(*) FILTER (h.admin) AS admin_on, max(h.strongest) AS strongest
FROM group_site h SEMI JOIN (FROM slice_of WHERE counted) a ON a.grp = h.grp JOIN asked_site s ON s.site = h.site
GROUP BY h.grp;
CREATE OR REPLACE TEMP TABLE linked AS
WITH named AS MATERIALIZED (SELECT DISTINCT grp, principal FROM reach)
SELECT n.grp, count(DISTINCT n.principal) AS links
FROM named n JOIN link_site k ON k.principal = n.principal SEMI JOIN asked_site s ON s.site = k.site GROUP BY n.grp;
-- The sites of groups whose grants are read instead: hits_counted adds them.
CREATE OR REPLACE TEMP TABLE read_site (site INTEGER);
