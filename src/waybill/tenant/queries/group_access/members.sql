-- Members of some groups (run after members_stage), numbered from $first up to before $until. A special
-- group has one row: its rule.
SELECT e.position, n.name, n.id, CASE WHEN e.principal IS NULL THEN n.rule ELSE p.name END, p.upn, p.email,
  CASE WHEN e.principal IS NULL THEN 'Special Group' ELSE p.type END, CASE WHEN e.owns THEN 'Owner' ELSE 'Member' END,
  e.depth, CASE WHEN e.depth > 1 THEN v.name END, p.external, p.status, p.sign_in
FROM (FROM line WHERE position >= $first AND position < $until) e
JOIN (SELECT grp, name, id, rule FROM asked_name) n ON n.grp = e.grp
LEFT JOIN directory p ON p.id = e.principal
LEFT JOIN (SELECT name_ord, name FROM directory) v ON v.name_ord = e.via;
