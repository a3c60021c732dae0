-- Groups by Entra id or mail address, without case. $names: list of lower-case texts.
SELECT w.name, p.id
FROM (SELECT unnest($names::VARCHAR[]) AS name) w
JOIN principal p ON p.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group',
                               'directory_role', 'external_group', 'unresolved')
  AND (p.entra_id = w.name OR lower(p.email) = w.name)
ORDER BY w.name, p.entra_id IS NOT DISTINCT FROM w.name DESC, p.id;
