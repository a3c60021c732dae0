-- Groups and links named on Permissions, expanded (run after group_members_stage), the rows numbered from $first up
-- to before $until. An everyone-type claim has one row without a member: its rule.
WITH asked AS MATERIALIZED (FROM line WHERE position >= $first AND position < $until),
member_of AS (
  SELECT id, kind, name, upn, email, user_type, external, status FROM directory d SEMI JOIN asked a ON a.principal = d.id
  UNION ALL SELECT id, kind, name, upn, email, user_type, external, status FROM foreigner
),
shown AS (
  SELECT p.id, p.kind, p.name, p.upn, p.email, p.external, status_word(p.status) AS status, is_special(p.kind) AS special,
    CASE WHEN is_special(p.kind) THEN 'Special Group' ELSE member_type(p.kind, p.user_type, p.external) END AS type, r.rule
  FROM member_of p LEFT JOIN special_rule_text r ON r.kind = p.kind
)
SELECT m.position, g.key, g.name, CASE WHEN m.principal IS NULL THEN 'Special Group' ELSE g.type END,
  CASE WHEN m.principal IS NOT NULL THEN s.url END,
  CASE WHEN m.principal IS NULL THEN r.rule ELSE p.name END, p.upn, p.email,
  CASE WHEN m.principal IS NULL THEN 'Special Group' ELSE p.type END,
  m.depth, CASE WHEN m.depth > 1 THEN v.name END, p.external, p.status,
  CASE WHEN p.kind = 'eeeu' AND s.grp IS NOT NULL AND s.privacy = 'Private' THEN 'Not effective on a private group site'
       WHEN p.special THEN p.rule
       WHEN p.id IS NULL THEN NULL
       WHEN g.scope = 'organization' AND NOT m.redeemed THEN 'Named by the link, has not opened it: no access'
       WHEN g.scope = 'anyone' THEN 'Was sent the link; anyone who holds it has access' END
FROM asked m
JOIN grp g ON g.container = m.container
LEFT JOIN shown p ON p.id = m.principal
LEFT JOIN site s ON s.id = g.site
LEFT JOIN lead_name v ON v.ord = m.via
LEFT JOIN special_rule_text r ON r.kind = g.kind;
