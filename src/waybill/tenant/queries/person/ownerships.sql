-- Groups the person owns: by name, or because a group that holds them is named as an owner.
WITH owned AS (
  SELECT o.grp, n.distance, n.path, o.principal, n.passes
  FROM owner o JOIN named n ON n.principal = o.principal
  QUALIFY row_number() OVER (PARTITION BY o.grp ORDER BY n.distance, NOT n.passes, n.path, n.principal) = 1
)
SELECT p.entra_id, p.name, group_type(p.kind), p.email, status_word(p.status), w.distance = 0, CASE WHEN w.distance > 0 THEN v.name END,
  CASE WHEN w.distance > 0 THEN v.entra_id END,
  me.name || w.path || ' -> owner of ' || p.name, p.created_at
FROM owned w CROSS JOIN me JOIN principal p ON p.id = w.grp JOIN principal_order o ON o.principal = p.id JOIN principal v ON v.id = w.principal
ORDER BY w.distance, o.ord;
