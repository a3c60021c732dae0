SELECT DISTINCT batch FROM site_batch ORDER BY batch;
