-- How many of them are entries, and how many are something else: mostly none, and then no names or places are looked for.
SELECT count(*) FILTER (verdict IN ('expired', 'deleted', 'mismatch')), count(*) FILTER (verdict NOT IN ('expired', 'deleted', 'mismatch')) FROM gone;
