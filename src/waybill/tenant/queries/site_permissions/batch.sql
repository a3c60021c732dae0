-- What the sites of one batch ($batch) need of the tenant's large tables: memory is bounded by a batch.
CREATE OR REPLACE TEMP TABLE now_site AS SELECT site, ord FROM site_batch WHERE batch = $batch;
CREATE OR REPLACE TEMP TABLE here AS SELECT e.* FROM shown_entry e SEMI JOIN now_site n ON n.site = e.site;
CREATE OR REPLACE TEMP TABLE who AS
SELECT p.*, CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END AS shown_name
FROM described p SEMI JOIN here h ON h.principal = p.id;
CREATE OR REPLACE TEMP TABLE what AS
WITH b AS MATERIALIZED (SELECT t.* FROM object t SEMI JOIN now_site n ON n.site = t.site),
o AS MATERIALIZED (SELECT t.* FROM securable t SEMI JOIN now_site n ON n.site = t.site WHERE t.has_acl OR t.kind IN ('list', 'library')),
w AS MATERIALIZED (SELECT t.* FROM below t SEMI JOIN o ON o.id = t.securable)
SELECT o.id, o.site, o.parent, o.kind, o.name, o.url, o.modified_at, o.label, o.sensitivity, b.ord, b.depth::BIGINT AS depth,
  b.parent_scope, y.name AS list, coalesce(w.items, 0) AS items
FROM o JOIN b ON b.securable = o.id LEFT JOIN o AS y ON y.id = b.list LEFT JOIN w ON w.securable = o.id
WHERE o.has_acl;

-- Whom each link names, as one text that ends at a name boundary before a cell would overflow.
CREATE OR REPLACE TEMP TABLE link_people AS
WITH asked AS MATERIALIZED (SELECT i.*, k.scope FROM invite i JOIN who k ON k.id = i.link AND k.kind = 'link'),
named AS (
  SELECT i.link, i.redeemed, coalesce(nullif(p.email, ''), p.upn, p.name) || CASE WHEN p.status = 'invited' THEN ' (invited)' WHEN i.scope = 'organization' AND NOT i.redeemed THEN ' (has not opened it: no access)' ELSE '' END AS who, p.ord
  FROM asked i JOIN (SELECT t.* FROM described t SEMI JOIN asked a ON a.principal = t.id) p ON p.id = i.principal
),
measured AS (
  SELECT link, redeemed, who, ord, sum(length(who) + 2) OVER (PARTITION BY link ORDER BY ord ROWS UNBOUNDED PRECEDING) AS chars FROM named
)
SELECT link, string_agg(who, '; ' ORDER BY ord) FILTER (chars <= 30000) AS people, count(*) AS named,
  count(*) FILTER (redeemed) AS redeemed, count(*) FILTER (chars > 30000) AS more
FROM measured GROUP BY link;
