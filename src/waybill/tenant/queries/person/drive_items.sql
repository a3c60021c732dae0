SELECT path, kind, size, created_at, modified_at, modified_by, content IS NOT NULL, copy FROM drive ORDER BY place;
