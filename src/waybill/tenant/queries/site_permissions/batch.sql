-- What the sites of one batch ($batch) need of the tenant's large tables: memory is bounded by a batch.
CREATE OR REPLACE TEMP TABLE now_site AS SELECT site, ord FROM site_batch WHERE batch = $batch;
CREATE OR REPLACE TEMP TABLE here AS SELECT e.* FROM shown_entry e SEMI JOIN now_site n ON n.site = e.site;
-- Principals that may be named here.
CREATE OR REPLACE TEMP VIEW all_here AS
SELECT d.* FROM described d SEMI JOIN now_site n ON n.site = d.site WHERE d.kind IN ('sp_group', 'link')
UNION ALL BY NAME
SELECT f.* FROM foreigner f ANTI JOIN now_site n ON n.site = f.site
UNION ALL BY NAME
SELECT * FROM directory;
-- Principals named here, in numbers and short words; their texts are fetched by the sheets that show them.
CREATE OR REPLACE TEMP TABLE who AS
SELECT p.id, p.kind, p.ord, p.scope, p.status, p.external, p.of_group, p.users, p.external_users, p.orphaned, p.unknown,
  p.foreign_group, p.link_securable
FROM all_here p SEMI JOIN here h ON h.principal = p.id;
CREATE OR REPLACE TEMP TABLE what AS
WITH b AS MATERIALIZED (SELECT t.* FROM object t SEMI JOIN now_site n ON n.site = t.site),
o AS MATERIALIZED (SELECT t.* FROM securable t SEMI JOIN now_site n ON n.site = t.site WHERE t.has_acl OR t.kind IN ('list', 'library')),
w AS MATERIALIZED (SELECT t.* FROM below t SEMI JOIN o ON o.id = t.securable)
SELECT o.id, o.site, o.parent, o.kind, o.name, o.url, o.modified_at, o.label, o.sensitivity, b.ord, b.depth::BIGINT AS depth,
  b.parent_scope, y.name AS list, coalesce(w.items, 0) AS items
FROM o JOIN b ON b.securable = o.id LEFT JOIN o AS y ON y.id = b.list LEFT JOIN w ON w.securable = o.id
WHERE o.has_acl;
