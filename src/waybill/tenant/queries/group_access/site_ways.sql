-- Which of them lead to a site or subsite (run after ways): `top` are the few that are in no list.
CREATE OR REPLACE TEMP TABLE site_line AS
WITH high AS MATERIALIZED (FROM line WHERE top)
SELECT row_number() OVER (ORDER BY h.position) - 1 AS position, h.object, h.site, h.way, h.level
FROM high h JOIN (SELECT id, kind FROM securable) o ON o.id = h.object WHERE o.kind IN ('root', 'web') ORDER BY position;
