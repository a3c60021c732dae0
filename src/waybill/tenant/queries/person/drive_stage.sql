-- The person's OneDrive in the order of its paths. `copy` counts rows of one path: a source that
-- tells a path twice loses neither.
CREATE OR REPLACE TEMP TABLE drive AS
SELECT path, kind, size, created_at, modified_at, modified_by, content,
  row_number() OVER (ORDER BY path, kind, content, size, modified_at, created_at, modified_by) AS place,
  row_number() OVER (PARTITION BY path ORDER BY kind, content, size, modified_at, created_at, modified_by) AS copy
FROM drive_item WHERE owner = (SELECT id FROM me);
