-- The directory's groups. Deleted ones are gone; groups of other tenants and groups whose members are
-- hidden from the reader are not in a pull at all.
SELECT p.entra_id AS id, CASE WHEN p.status = 'soft_deleted' THEN coalesce(strftime(u.deleted_on, '%Y-%m-%dT10:00:00Z'), '2026-05-20T10:00:00Z') END AS "deletedDateTime",
  strftime(p.created_at, '%Y-%m-%dT%H:%M:%SZ') AS "createdDateTime", p.name AS "displayName",
  list_concat(CASE WHEN p.kind = 'm365_group' THEN ['Unified'] ELSE [] END, CASE WHEN p.membership = 'Dynamic' THEN ['DynamicMembership'] ELSE [] END) AS "groupTypes",
  p.email AS mail, p.kind <> 'security_group' AS "mailEnabled", p.kind IN ('security_group', 'mail_security_group') AS "securityEnabled",
  CASE WHEN t.grp IS NOT NULL THEN ['Team'] ELSE [] END AS "resourceProvisioningOptions",
  CASE WHEN p.kind = 'm365_group' THEN coalesce(t.privacy, c.privacy, u.visibility, 'Private') END AS visibility,
  '#microsoft.graph.group' AS "ODataType", p.entra_id AS "pObjectId", getvariable('ptenant') AS ptenant
FROM principal p
LEFT JOIN (SELECT grp, any_value(privacy) AS privacy FROM site WHERE site_type = 'Team (standard)' GROUP BY grp) t ON t.grp = p.id
LEFT JOIN (SELECT grp, any_value(privacy) AS privacy FROM site GROUP BY grp) c ON c.grp = p.id
LEFT JOIN unified_group u ON u.grp = p.id
WHERE p.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group') AND p.status NOT IN ('deleted', 'unresolved')
  AND p.id % getvariable('parts') = getvariable('part')
ORDER BY p.id
