-- Rows about people into person_usage, those whose person is known. Of several files with one report,
-- refresh date and period the last that names anybody counts: one with hidden names replaces nothing.
CREATE TEMP TABLE matched AS
SELECT s.*, p.person, p.candidates,
  CASE WHEN s.concealed THEN 'concealed' WHEN p.candidates = 1 THEN 'known' ELSE 'unmatched' END AS fate
FROM staged_person s
LEFT JOIN person_by_upn p ON p.key = upn_key(s.upn);

CREATE TEMP TABLE chosen_person AS
SELECT report, refresh_date, coalesce(period, 0) AS days, max(file) AS file
FROM matched WHERE fate = 'known' GROUP BY ALL;

CREATE TEMP TABLE replaced_person AS
SELECT u.report, count(*) AS rows
FROM person_usage u
SEMI JOIN chosen_person c ON c.report = u.report AND c.refresh_date = u.refresh_date AND c.days = coalesce(u.period, 0)
GROUP BY u.report;

DELETE FROM person_usage
WHERE (report, refresh_date, coalesce(period, 0)) IN (SELECT (report, refresh_date, days) FROM chosen_person);

UPDATE matched SET fate = 'superseded'
WHERE fate = 'known' AND (report, refresh_date, coalesce(period, 0), file) NOT IN (
  SELECT (report, refresh_date, days, file) FROM chosen_person);

INSERT INTO person_usage BY NAME
SELECT person AS principal, report, refresh_date, period, row_json,
  row_number() OVER (PARTITION BY person, report, refresh_date, period ORDER BY line) - 1 AS position
FROM matched WHERE fate = 'known'
ORDER BY person, report, refresh_date, period, line;
