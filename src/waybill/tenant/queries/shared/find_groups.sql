-- Groups by Entra id. $names: list of lower-case texts. Ids are compared alone: no mail address is read for them.
SELECT p.entra_id, p.id FROM principal p
WHERE list_contains($names::VARCHAR[], p.entra_id)
  AND p.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group', 'directory_role', 'external_group', 'unresolved')
ORDER BY p.id;
