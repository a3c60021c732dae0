-- Owners and members of the asked groups, direct and nested, and the groups between: what Members says of them.
CREATE OR REPLACE TEMP TABLE directory AS
WITH inside AS MATERIALIZED (SELECT grp AS container FROM asked_name UNION SELECT k.descendant FROM closure k SEMI JOIN asked_name a ON a.grp = k.ancestor),
needed AS MATERIALIZED (
  SELECT container AS id FROM inside UNION SELECT m.member FROM member m SEMI JOIN inside i ON i.container = m.container
  UNION SELECT o.principal FROM owner o SEMI JOIN asked_name a ON a.grp = o.grp
),
p AS MATERIALIZED (SELECT t.* FROM principal t SEMI JOIN needed n ON n.id = t.id)
SELECT p.id, p.name, p.upn, p.email, member_type(p.kind, p.user_type, p.external) AS type, p.external, status_word(p.status) AS status,
  CASE WHEN p.kind = 'user' THEN sign_in_bucket(p.last_sign_in, $as_of::TIMESTAMP) END AS sign_in, o.ord,
  row_number() OVER (ORDER BY lower(p.name), p.name, p.id)::INTEGER AS name_ord
FROM p JOIN principal_order o ON o.principal = p.id WHERE p.kind NOT IN ('sp_group', 'link');
