-- Whose manager is who: a row holds the manager's own columns, and in puser the one who reports.
SELECT m.entra_id AS id, m.upn AS "userPrincipalName", m.email AS mail, m.name AS "displayName",
  u.entra_id AS puser, getvariable('ptenant') AS ptenant
FROM manager r
JOIN principal u ON u.id = r.principal
JOIN principal m ON m.id = r.manager
WHERE u.entra_id IS NOT NULL AND m.entra_id IS NOT NULL AND u.status NOT IN ('deleted', 'id_mismatch')
  AND u.id % getvariable('parts') = getvariable('part')
ORDER BY u.id
