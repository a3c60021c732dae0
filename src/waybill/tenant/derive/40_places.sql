-- Where each securable sits: the one whose access list governs it, its depth, its list or library.
CREATE TABLE place AS
SELECT s.id AS securable, s.site, s.id AS scope, NULL::INTEGER AS parent_scope, 0::SMALLINT AS depth, NULL::INTEGER AS list
FROM securable s WHERE s.parent IS NULL;
