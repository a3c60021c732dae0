SELECT DISTINCT slice FROM slice_of ORDER BY slice;
