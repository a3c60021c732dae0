-- Slices with groups whose grants are read ($counted false), or all slices.
SELECT DISTINCT slice FROM slice_of WHERE $counted OR NOT counted ORDER BY slice;
