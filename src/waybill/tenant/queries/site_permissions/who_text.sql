-- The texts of the principals named in a batch (run after batch).
CREATE OR REPLACE TEMP TABLE who_text AS
WITH all_here AS (
  SELECT d.* FROM described d SEMI JOIN now_site n ON n.site = d.site WHERE d.kind IN ('sp_group', 'link')
  UNION ALL BY NAME
  SELECT f.* FROM foreigner f ANTI JOIN now_site n ON n.site = f.site
  UNION ALL BY NAME
  SELECT * FROM directory
)
SELECT p.*, CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END AS shown_name
FROM all_here p SEMI JOIN who w ON w.id = p.id;
