-- The account a request names: by object id whatever its state, or by sign-in name the one that has
-- it now. $inbound: profiles of B2B direct connect; else members and guests.
SELECT p.id, p.entra_id, p.name
FROM principal p
WHERE p.kind = 'user' AND p.entra_id IS NOT NULL AND (p.user_type IS NOT DISTINCT FROM 'B2B direct') = $inbound
  AND CASE WHEN $upn::VARCHAR IS NULL THEN p.entra_id = $guid::VARCHAR
           -- An account that was replaced by another of the same name is found by its id alone.
           ELSE lower(p.upn) = lower($upn::VARCHAR) AND p.status <> 'id_mismatch' END
ORDER BY list_position(['active', 'blocked', 'invited', 'unresolved', 'soft_deleted', 'deleted', 'id_mismatch'], p.status),
  p.entra_id, p.id
LIMIT 1;
