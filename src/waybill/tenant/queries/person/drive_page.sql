-- Some files after a place: with their bytes ($held), or those whose bytes are not kept.
SELECT place, path, copy, size, content FROM drive
WHERE kind = 'file' AND (content IS NOT NULL) = $held AND place > $after ORDER BY place LIMIT $rows;
