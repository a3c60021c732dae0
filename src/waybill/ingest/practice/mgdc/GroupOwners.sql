SELECT m.entra_id AS id, m.upn AS "userPrincipalName", m.name AS "displayName", '#microsoft.graph.user' AS "ODataType",
  g.entra_id AS "pObjectId", getvariable('ptenant') AS ptenant
FROM owner o JOIN principal g ON g.id = o.grp JOIN principal m ON m.id = o.principal
WHERE g.status NOT IN ('deleted', 'unresolved') AND g.id % getvariable('parts') = getvariable('part')
ORDER BY g.id, m.id
