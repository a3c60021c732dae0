-- How many rows of the batch are numbered and ready to be fetched.
SELECT count(*) FROM line;
