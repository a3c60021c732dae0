-- Other accounts with the same sign-in name: what access lists keep of an account that was made anew.
SELECT p.entra_id, p.upn, p.name, status_word(p.status), p.login, p.created_at,
  (SELECT count(*) FROM acl a WHERE a.principal = p.id)
FROM me JOIN principal p ON p.kind = 'user' AND p.id <> me.id AND lower(p.upn) = lower(me.upn) JOIN principal_order o ON o.principal = p.id
ORDER BY o.ord;
