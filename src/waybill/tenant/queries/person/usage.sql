SELECT report, refresh_date, period, row_json FROM person_usage WHERE principal = (SELECT id FROM me) ORDER BY report, refresh_date, period, position;
