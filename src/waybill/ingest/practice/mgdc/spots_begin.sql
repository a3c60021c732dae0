-- The web and the list each securable lies in, level by level from the roots.
CREATE TEMP TABLE spot AS
SELECT id AS securable, site, id AS web, NULL::INTEGER AS list, 0::SMALLINT AS depth FROM securable WHERE parent IS NULL;
