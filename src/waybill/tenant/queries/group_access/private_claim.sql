-- Private group sites that name the everyone-except-external claim, directly or inside a SharePoint group, where it
-- has no effect (3.7): for reports about that claim, run after gone.
INSERT INTO gone
WITH private AS MATERIALIZED (SELECT s.id FROM site s SEMI JOIN asked_site a ON a.site = s.id WHERE s.grp IS NOT NULL AND s.privacy = 'Private')
SELECT DISTINCT site, NULL, NULL, 'no_effect' FROM (
  SELECT e.site FROM entry e SEMI JOIN private s ON s.id = e.site WHERE e.verdict = 'private_group'
  UNION ALL
  SELECT c.site FROM described c SEMI JOIN private s ON s.id = c.site
  SEMI JOIN (SELECT m.container FROM member m SEMI JOIN (SELECT id FROM principal WHERE kind = 'eeeu') q ON q.id = m.member) m ON m.container = c.id
);
