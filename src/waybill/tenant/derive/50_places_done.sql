CREATE TABLE object AS
SELECT p.securable, p.site, p.scope, p.parent_scope, p.depth, p.list,
       row_number() OVER (ORDER BY o.ord, lower(s.url), s.id)::INTEGER AS ord
FROM place p JOIN securable s ON s.id = p.securable JOIN site_order o ON o.site = p.site
ORDER BY ord;
-- How many objects lie below each one: leaves first, every level adds its children's counts.
CREATE TABLE below (securable INTEGER, items BIGINT);
