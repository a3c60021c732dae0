-- How the access list of each object of a batch, below the root, differs from the one above it: principals by
-- number first, names only of those that differ (run after batch).
CREATE OR REPLACE TEMP TABLE line AS
SELECT row_number() OVER (ORDER BY ord) - 1 AS position, id AS securable, site, parent_scope FROM what WHERE parent IS NOT NULL ORDER BY position;
CREATE OR REPLACE TEMP TABLE difference AS
WITH listed AS MATERIALIZED (SELECT DISTINCT securable, principal FROM here WHERE NOT is_admin)
SELECT o.securable, h.principal, true AS extra FROM line o JOIN listed h ON h.securable = o.securable
  ANTI JOIN listed t ON t.securable = o.parent_scope AND t.principal = h.principal
UNION ALL
SELECT o.securable, h.principal, false FROM line o JOIN listed h ON h.securable = o.parent_scope
  ANTI JOIN listed t ON t.securable = o.securable AND t.principal = h.principal;
CREATE OR REPLACE TEMP TABLE told AS
WITH name_of AS (
  SELECT w.id, w.ord, CASE WHEN w.kind = 'link' THEN link_name(w.scope) ELSE n.name END AS name
  FROM who w LEFT JOIN (
    SELECT id, name FROM directory UNION ALL SELECT d.id, d.name FROM described d SEMI JOIN who x ON x.id = d.id WHERE d.kind = 'sp_group'
  ) n ON n.id = w.id
),
change AS (SELECT d.securable, d.extra, n.name, n.ord FROM difference d JOIN name_of n ON n.id = d.principal),
-- Almost all lists of names fit a cell; only those that do not are measured name by name.
whole AS MATERIALIZED (
  SELECT securable, extra, count(*) AS principals, sum(length(name) + 2) > 30000 AS long, string_agg(name, '; ' ORDER BY ord) AS names
  FROM change GROUP BY securable, extra
),
measured AS (
  SELECT c.*, sum(length(c.name) + 2) OVER (PARTITION BY c.securable, c.extra ORDER BY c.ord ROWS UNBOUNDED PRECEDING) AS chars
  FROM change c SEMI JOIN (FROM whole WHERE long) t ON t.securable = c.securable AND t.extra = c.extra
),
cut AS (
  SELECT securable, extra, string_agg(name, '; ' ORDER BY ord) FILTER (chars <= 30000)
    || CASE WHEN count(*) FILTER (chars > 30000) > 0 THEN '; (+' || count(*) FILTER (chars > 30000) || ' more, see Permissions)' ELSE '' END AS names
  FROM measured GROUP BY securable, extra
)
SELECT t.securable, t.extra, t.principals, CASE WHEN t.long THEN c.names ELSE t.names END AS names
FROM whole t LEFT JOIN cut c ON c.securable = t.securable AND c.extra = t.extra;
