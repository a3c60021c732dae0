-- The groups, as the newest row of any report tells each one. Rows with hidden names and ids are no
-- groups that anybody could name. The oldest form of the report has no id: there the name is the key.
CREATE TEMP TABLE named_group AS
WITH newest AS (
  SELECT *, coalesce(group_id, 'name ' || display_name) AS key,
    row_number() OVER (PARTITION BY coalesce(group_id, 'name ' || display_name) ORDER BY refresh_date DESC, period, position) AS rank
  FROM usage_report WHERE NOT concealed AND coalesce(group_id, display_name) IS NOT NULL
)
SELECT * EXCLUDE (rank) FROM newest WHERE rank = 1;

INSERT INTO principal BY NAME
SELECT (SELECT coalesce(max(id), -1) FROM principal) + row_number() OVER (ORDER BY g.key) AS id,
  'm365_group' AS kind, g.group_id AS entra_id,
  CASE WHEN g.group_id IS NOT NULL THEN 'c:0o.c|federateddirectoryclaimprovider|' || g.group_id END AS login,
  coalesce(g.display_name, '') AS name, false AS external, 'unresolved' AS status
FROM named_group g
ANTI JOIN principal p ON p.kind = 'm365_group' AND coalesce(p.entra_id, 'name ' || p.name) = g.key;

-- Who is in a group no report tells, only how many are.
UPDATE principal SET name = coalesce(g.display_name, principal.name), reported_users = g.members,
  status = CASE WHEN g.is_deleted THEN 'soft_deleted' ELSE 'unresolved' END
FROM named_group g
WHERE principal.kind = 'm365_group' AND coalesce(principal.entra_id, 'name ' || principal.name) = g.key;

DELETE FROM unified_group;
INSERT INTO unified_group BY NAME
SELECT p.id AS grp, g.group_type AS visibility, g.mailbox_items, g.mailbox_bytes, g.site_files, g.site_bytes
FROM named_group g
JOIN principal p ON p.kind = 'm365_group' AND coalesce(p.entra_id, 'name ' || p.name) = g.key
ORDER BY grp;

DELETE FROM owner;
INSERT INTO owner
SELECT u.grp, q.person
FROM (SELECT p.id AS grp, g.owner_upn FROM named_group g
      JOIN principal p ON p.kind = 'm365_group' AND coalesce(p.entra_id, 'name ' || p.name) = g.key) u
JOIN person_by_upn q ON q.key = upn_key(u.owner_upn) AND q.candidates = 1
ORDER BY u.grp;
