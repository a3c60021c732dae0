-- Every staged row is taken.
CREATE OR REPLACE TEMP TABLE verdict AS
SELECT rowid AS id, false AS carried, NULL::VARCHAR AS reason, 'read' AS fate FROM {staged};
