-- How many rows of Site Collections are numbered and ready to be fetched.
SELECT count(*) FROM site_line;
