-- Other accounts with the same sign-in name (what access lists keep of an account that was made anew),
-- or, in damaged data, with the same object id.
SELECT p.entra_id, p.upn, p.name, status_word(p.status), p.login, p.created_at,
  (SELECT count(*) FROM acl a WHERE a.principal = p.id)
FROM me JOIN principal m ON m.id = me.id
JOIN principal p ON p.kind = 'user' AND p.id <> m.id AND (lower(p.upn) = lower(m.upn) OR p.entra_id = m.entra_id) JOIN principal_order o ON o.principal = p.id
ORDER BY o.ord;
