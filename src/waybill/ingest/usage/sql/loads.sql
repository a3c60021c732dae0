-- What became of the rows about people, by report, refresh date and period, into usage_load: of the file that
-- counts, else of the last. A file that names nobody changes nothing where an earlier load named people.
CREATE TEMP TABLE told AS
WITH commonest AS (
  SELECT file, refresh_date, coalesce(period, 0) AS days FROM staged_person
  GROUP BY file, refresh_date, coalesce(period, 0)
  QUALIFY row_number() OVER (PARTITION BY file ORDER BY count(*) DESC, refresh_date DESC, days) = 1
),
fates AS (
  SELECT report, refresh_date, coalesce(period, 0) AS days, file, count(*) FILTER (fate = 'known') AS taken,
    count(*) FILTER (fate = 'concealed') AS concealed, count(*) FILTER (fate = 'unmatched') AS unmatched, 0 AS rejected
  FROM matched GROUP BY ALL
  UNION ALL
  -- A row that cannot be read is of the date and period of most rows of its file.
  SELECT r.report, c.refresh_date, coalesce(c.days, 0), r.file, 0, 0, 0, r.rows
  FROM staged_rejected r LEFT JOIN commonest c USING (file)
),
files AS (
  SELECT report, refresh_date, days, file, sum(taken)::BIGINT AS taken, sum(concealed)::BIGINT AS concealed,
    sum(unmatched)::BIGINT AS unmatched, sum(rejected)::BIGINT AS rejected
  FROM fates GROUP BY ALL
)
SELECT f.*, c.file IS NOT NULL AS chosen
FROM files f LEFT JOIN chosen_person c USING (report, refresh_date, days)
WHERE c.file = f.file OR c.file IS NULL
QUALIFY row_number() OVER (PARTITION BY f.report, f.refresh_date, f.days ORDER BY f.file DESC) = 1;

DELETE FROM told WHERE NOT chosen AND EXISTS (
  SELECT 1 FROM person_usage u
  WHERE u.report = told.report AND u.refresh_date = told.refresh_date AND coalesce(u.period, 0) = told.days);

DELETE FROM usage_load WHERE EXISTS (
  SELECT 1 FROM told t
  WHERE t.report = usage_load.report AND (usage_load.refresh_date IS NULL
    OR (t.refresh_date = usage_load.refresh_date AND t.days = coalesce(usage_load.period, 0))));

INSERT INTO usage_load BY NAME
SELECT report, refresh_date, nullif(days, 0) AS period, taken, concealed, unmatched, rejected
FROM told ORDER BY report, refresh_date, period;
