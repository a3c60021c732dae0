-- From the snapshot before, attached as {from}: what no MGDC file could tell again.
CREATE TEMP TABLE same_person AS
WITH loaded_of AS (
  SELECT principal AS id FROM {from}.person_usage
  UNION
  SELECT owner FROM {from}.drive_item WHERE starts_with(content, 'sha256:')
  UNION
  SELECT owner FROM {from}.drive_problem
),
old AS (SELECT p.id, p.entra_id, lower(p.upn) AS upn FROM {from}.principal p WHERE p.id IN (SELECT id FROM loaded_of)),
now AS (SELECT id, entra_id, lower(upn) AS upn FROM principal WHERE kind = 'user' AND status <> 'id_mismatch')
SELECT o.id AS old, coalesce(min(e.id), min(u.id)) AS person
FROM old o
LEFT JOIN now e ON e.entra_id = o.entra_id
LEFT JOIN now u ON u.upn = o.upn
GROUP BY o.id;

INSERT INTO usage_report BY NAME SELECT * FROM {from}.usage_report;

INSERT INTO person_usage BY NAME
SELECT s.person AS principal, u.* EXCLUDE (principal)
FROM {from}.person_usage u JOIN same_person s ON s.old = u.principal AND s.person IS NOT NULL;

-- Rows of people who are not found again are rows of nobody that is known.
INSERT INTO usage_load BY NAME
SELECT l.* EXCLUDE (taken, unmatched), l.taken - coalesce(g.rows, 0) AS taken, l.unmatched + coalesce(g.rows, 0) AS unmatched
FROM {from}.usage_load l LEFT JOIN (
  SELECT u.report, u.refresh_date, coalesce(u.period, 0) AS days, count(*) AS rows
  FROM {from}.person_usage u JOIN same_person s ON s.old = u.principal AND s.person IS NULL GROUP BY ALL
) g ON g.report = l.report AND g.refresh_date = l.refresh_date AND g.days = coalesce(l.period, 0);

CREATE TEMP TABLE loaded_item AS
SELECT s.person AS owner, d.* EXCLUDE (owner)
FROM {from}.drive_item d JOIN same_person s ON s.old = d.owner AND s.person IS NOT NULL
WHERE d.owner IN (SELECT owner FROM {from}.drive_item WHERE starts_with(content, 'sha256:'));
DELETE FROM drive_item WHERE owner IN (SELECT owner FROM loaded_item);
INSERT INTO drive_item BY NAME SELECT * FROM loaded_item;

INSERT INTO drive_problem BY NAME
SELECT DISTINCT s.person AS owner, d.* EXCLUDE (owner)
FROM {from}.drive_problem d JOIN same_person s ON s.old = d.owner AND s.person IS NOT NULL;

CREATE TEMP TABLE carried AS
SELECT (SELECT count(*) FROM usage_report) + (SELECT count(*) FROM person_usage) + (SELECT count(*) FROM loaded_item)
    + (SELECT count(*) FROM drive_problem) AS rows,
  (SELECT max(refresh_date) FROM usage_report) AS until,
  (SELECT count(*) FROM same_person WHERE person IS NULL) AS lost;
