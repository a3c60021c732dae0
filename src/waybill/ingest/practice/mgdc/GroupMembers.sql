SELECT m.entra_id AS id, m.upn AS "userPrincipalName", m.name AS "displayName",
  CASE m.kind WHEN 'user' THEN '#microsoft.graph.user' ELSE '#microsoft.graph.group' END AS "ODataType",
  g.entra_id AS "pObjectId", getvariable('ptenant') AS ptenant
FROM member e JOIN principal g ON g.id = e.container JOIN principal m ON m.id = e.member
WHERE g.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group') AND g.status NOT IN ('deleted', 'unresolved')
  AND m.entra_id IS NOT NULL AND g.id % getvariable('parts') = getvariable('part')
ORDER BY g.id, m.id
