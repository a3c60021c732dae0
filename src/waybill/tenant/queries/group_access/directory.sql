-- Everybody who is listed, and the groups between: what Members says of them (run after listed).
CREATE OR REPLACE TEMP TABLE directory AS
WITH needed AS MATERIALIZED (SELECT principal AS id FROM listed UNION SELECT via FROM listed WHERE via IS NOT NULL),
p AS MATERIALIZED (
  SELECT t.id, t.kind, t.name, t.upn, t.email, t.user_type, t.external, t.status, t.last_sign_in FROM principal t SEMI JOIN needed n ON n.id = t.id
)
SELECT p.id, p.name, p.upn, p.email, member_type(p.kind, p.user_type, p.external) AS type, p.external, status_word(p.status) AS status,
  CASE WHEN p.kind = 'user' THEN sign_in_bucket(p.last_sign_in, $as_of::TIMESTAMP) END AS sign_in, o.ord,
  row_number() OVER (ORDER BY lower(p.name), p.name, p.id)::INTEGER AS name_ord
-- Said of both tables: a filter on principal alone would be tried on all of it before the few that are needed are known.
FROM p JOIN principal_order o ON o.principal = p.id AND (p.kind NOT IN ('sp_group', 'link') OR o.ord < 0);
