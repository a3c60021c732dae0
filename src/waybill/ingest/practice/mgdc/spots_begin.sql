-- The web and the list each securable lies in, level by level from the roots.
CREATE TEMP TABLE spot AS
SELECT id AS securable, guid AS web, NULL::VARCHAR AS list, 0 AS depth FROM securable WHERE parent IS NULL;
