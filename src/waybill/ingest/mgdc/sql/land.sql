-- Every staged row was taken, and nothing else: only what told the rows apart goes. The next delta run starts from them.
ALTER TABLE landed.{table} DROP COLUMN _file;
ALTER TABLE landed.{table} DROP COLUMN _object;
ALTER TABLE landed.{table} DROP COLUMN _line;
