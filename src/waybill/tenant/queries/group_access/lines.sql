-- How many rows are numbered and ready to be fetched.
SELECT count(*) FROM line;
