-- Rows of the groups activity report into usage_report. Of several files with one refresh date and period
-- the last counts (files are numbered oldest first); it replaces what the snapshot held for these two.
CREATE TEMP TABLE chosen_group AS
SELECT refresh_date, period, max(file) AS file FROM staged_group GROUP BY ALL;

CREATE TEMP TABLE replaced_group AS
SELECT count(*) AS rows FROM usage_report SEMI JOIN chosen_group USING (refresh_date, period);

DELETE FROM usage_report
WHERE (refresh_date, period) IN (SELECT (refresh_date, period) FROM chosen_group);

INSERT INTO usage_report BY NAME
SELECT s.* EXCLUDE (file, line), row_number() OVER (PARTITION BY refresh_date, period ORDER BY line) - 1 AS position
FROM staged_group s SEMI JOIN chosen_group c USING (refresh_date, period, file)
ORDER BY refresh_date, period, line;
