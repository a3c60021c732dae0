-- Until which day activity is known here (meta), and the newest usage report loaded for this period,
-- with whether every row of it was concealed at its source.
SELECT
  (SELECT CAST(value AS DATE) FROM meta WHERE key = 'activity_until') AS activity_until,
  newest.refresh_date,
  newest.concealed
FROM (SELECT 1 AS one) AS always
LEFT JOIN (
  SELECT refresh_date, bool_and(concealed) AS concealed
  FROM usage_report
  WHERE period = $period
  GROUP BY refresh_date
  ORDER BY refresh_date DESC
  LIMIT 1
) AS newest ON TRUE
