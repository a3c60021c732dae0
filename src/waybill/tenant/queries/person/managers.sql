-- The person's manager, or ($reports) the people who have them as manager.
SELECT p.entra_id, p.upn, p.name, p.email, f.job_title, status_word(p.status)
FROM manager m JOIN principal p ON p.id = CASE WHEN $reports THEN m.principal ELSE m.manager END
JOIN principal_order o ON o.principal = p.id LEFT JOIN profile f ON f.principal = p.id
WHERE CASE WHEN $reports THEN m.manager ELSE m.principal END = (SELECT id FROM me)
ORDER BY o.ord;
