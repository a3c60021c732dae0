-- A tenant of which usage reports alone are known: the people they name become its users.
-- Directory facts that no report tells stay NULL; nobody is put into any group.
CREATE TEMP TABLE named_person AS
SELECT upn_key(upn) AS key,
  arg_max(trim(upn), (refresh_date, file, line)) AS upn,
  arg_max(display_name, (refresh_date, file, line)) AS name,
  coalesce(arg_max(is_deleted, (refresh_date, file, line)), false) AS deleted
FROM (
  SELECT upn, display_name, is_deleted, refresh_date, file, line FROM staged_person WHERE NOT concealed
  UNION ALL
  SELECT owner_upn, NULL, NULL, refresh_date, file, line FROM staged_group
  WHERE NOT concealed AND contains(owner_upn, '@')
)
GROUP BY key;

UPDATE principal SET name = n.name FROM named_person n
WHERE principal.kind = 'user' AND upn_key(principal.upn) = n.key AND n.name IS NOT NULL;

INSERT INTO principal BY NAME
SELECT (SELECT coalesce(max(id), -1) FROM principal) + row_number() OVER (ORDER BY n.key) AS id,
  'user' AS kind, 'i:0#.f|membership|' || n.key AS login, n.upn, n.upn AS email, coalesce(n.name, n.upn) AS name,
  CASE WHEN contains(n.key, '#ext#') THEN 'Guest' END AS user_type,
  contains(n.key, '#ext#') AS external, CASE WHEN n.deleted THEN 'soft_deleted' ELSE 'active' END AS status
FROM named_person n
ANTI JOIN principal p ON p.kind = 'user' AND upn_key(p.upn) = n.key;
