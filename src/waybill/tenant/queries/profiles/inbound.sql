-- People of other organisations whom shared channels let in (B2B direct connect; graph.md 5).
-- The wire wants four texts that are never null: what the source did not tell is an empty text.
SELECT DISTINCT ON (entra_id) entra_id, COALESCE(upn, email, ''), name, COALESCE(home_tenant, '')
FROM principal
WHERE kind = 'user' AND user_type = 'B2B direct' AND entra_id IS NOT NULL
ORDER BY entra_id, id
