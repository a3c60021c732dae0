-- Groups of the directory, and directory roles, that hold the person: direct, then nested.
SELECT p.entra_id, p.name, group_type(p.kind), p.email, p.membership, status_word(p.status), n.distance = 1, n.distance,
  v.name, v.entra_id, n.passes AND p.kind <> 'distribution_group', me.name || n.path, p.created_at
FROM named n CROSS JOIN me JOIN principal p ON p.id = n.principal JOIN principal_order o ON o.principal = p.id
LEFT JOIN principal v ON v.id = n.via
WHERE n.distance > 0 AND p.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group',
                                    'directory_role', 'external_group', 'unresolved')
ORDER BY n.distance, o.ord;
