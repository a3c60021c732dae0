-- Private group sites that name the everyone-except-external claim, directly or inside a SharePoint group, where it
-- has no effect (3.7). $asked: whether the report is about that claim at all.
CREATE OR REPLACE TEMP TABLE private_claim AS
WITH private AS MATERIALIZED (SELECT s.id FROM site s SEMI JOIN asked_site a ON a.site = s.id WHERE $asked AND s.grp IS NOT NULL AND s.privacy = 'Private')
SELECT e.site FROM entry e SEMI JOIN private s ON s.id = e.site WHERE $asked AND e.verdict = 'private_group'
UNION
SELECT c.site FROM described c SEMI JOIN private s ON s.id = c.site
SEMI JOIN (SELECT m.container FROM member m SEMI JOIN (SELECT id FROM principal WHERE kind = 'eeeu') q ON q.id = m.member WHERE $asked) m ON m.container = c.id
WHERE $asked;
