-- The directory's people. A real pull leaves out guests and blocked accounts (tenant-data.md 1.6); here they
-- are in, so that the round trip keeps what it can. Accounts deleted for good are gone.
SELECT u.entra_id AS id, u.upn AS "userPrincipalName", u.email AS mail, u.name AS "displayName",
  split_part(u.name, ' ', 1) AS "givenName", nullif(split_part(u.name, ' ', 2), '') AS surname, u.user_type AS "userType",
  u.status NOT IN ('blocked', 'soft_deleted') AS "accountEnabled", strftime(u.created_at, '%Y-%m-%dT%H:%M:%SZ') AS "createdDateTime",
  CASE WHEN u.status = 'soft_deleted' THEN '2026-05-20T10:00:00Z' END AS "deletedDateTime",
  u.entra_id AS puser, getvariable('ptenant') AS ptenant
FROM principal u
WHERE u.kind = 'user' AND u.entra_id IS NOT NULL AND u.status NOT IN ('deleted', 'id_mismatch')
  AND u.id % getvariable('parts') = getvariable('part')
ORDER BY u.id
