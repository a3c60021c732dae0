-- Groups by mail address, without case. $names: list of lower-case texts.
SELECT lower(p.email) AS name, p.id FROM principal p
WHERE list_contains($names::VARCHAR[], lower(p.email))
  AND p.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group', 'directory_role', 'external_group', 'unresolved')
ORDER BY name, p.id;
