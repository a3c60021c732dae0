-- Whom each link of a batch names, as one text that ends at a name boundary before a cell would overflow
-- (run after batch).
CREATE OR REPLACE TEMP TABLE invited AS
SELECT i.link, i.principal, i.redeemed, k.scope FROM invite i JOIN (SELECT id, scope FROM who WHERE kind = 'link') k ON k.id = i.link;
CREATE OR REPLACE TEMP TABLE invited_name AS
WITH n AS (
  SELECT id, name, upn, email, status, ord FROM directory
  UNION ALL SELECT id, name, upn, email, status, ord FROM foreigner
)
SELECT i.link, i.redeemed, p.ord,
  coalesce(nullif(p.email, ''), p.upn, p.name) || CASE WHEN p.status = 'invited' THEN ' (invited)' WHEN i.scope = 'organization' AND NOT i.redeemed THEN ' (has not opened it: no access)' ELSE '' END AS who
FROM invited i JOIN n p ON p.id = i.principal;
CREATE OR REPLACE TEMP TABLE link_people AS
WITH total AS (
  SELECT link, count(*) AS named, count(*) FILTER (redeemed) AS redeemed, sum(length(who) + 2) AS chars, any_value(who) AS who
  FROM invited_name GROUP BY link
),
measured AS (
  SELECT n.link, n.who, n.ord, sum(length(n.who) + 2) OVER (PARTITION BY n.link ORDER BY n.ord ROWS UNBOUNDED PRECEDING) AS chars
  FROM invited_name n SEMI JOIN (FROM total WHERE chars > 30000) t ON t.link = n.link
),
told AS (
  SELECT n.link, string_agg(n.who, '; ' ORDER BY n.ord) AS people, 0 AS more
  FROM invited_name n SEMI JOIN (FROM total WHERE named > 1 AND chars <= 30000) t ON t.link = n.link GROUP BY n.link
  UNION ALL
  SELECT link, string_agg(who, '; ' ORDER BY ord) FILTER (chars <= 30000), count(*) FILTER (chars > 30000) FROM measured GROUP BY link
)
SELECT t.link, CASE WHEN x.link IS NULL THEN t.who ELSE x.people END AS people, t.named, t.redeemed, coalesce(x.more, 0) AS more
FROM total t LEFT JOIN told x ON x.link = t.link;
