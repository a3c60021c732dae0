-- The texts of the principals named in a batch (run after batch).
CREATE OR REPLACE TEMP TABLE who_text AS
SELECT p.*, CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END AS shown_name
FROM all_here p SEMI JOIN who w ON w.id = p.id;
