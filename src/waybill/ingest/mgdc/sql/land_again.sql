-- Keep the rows that were taken, in the snapshot itself: the next delta run starts from them.
CREATE TABLE landed.taken AS
SELECT {columns} FROM landed.{table} WHERE rowid IN (SELECT id FROM verdict WHERE fate = 'read')
UNION ALL
SELECT {columns} FROM {carried} WHERE rowid IN (SELECT id FROM verdict WHERE fate = 'keep');
DROP TABLE landed.{table};
ALTER TABLE landed.taken RENAME TO {table};
