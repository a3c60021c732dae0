-- A group worth showing: the directory group with most access through its ancestors and itself.
SELECT p.entra_id
FROM principal p JOIN closure k ON k.descendant = p.id JOIN live_grant_by_principal g ON g.principal = k.ancestor
WHERE p.kind IN ('security_group', 'm365_group') AND p.entra_id IS NOT NULL AND p.status = 'active'
GROUP BY p.id, p.entra_id ORDER BY count(*) DESC, p.entra_id LIMIT 1;
