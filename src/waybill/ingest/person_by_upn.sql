-- One row a user principal name. An account in use goes before one that is blocked, and that before one
-- that is deleted; an id mismatch is nobody (insights.md 3.11).
CREATE OR REPLACE TEMP TABLE person_by_upn AS
WITH account AS (
  SELECT upn_key(upn) AS key, id,
    CASE status WHEN 'active' THEN 0 WHEN 'invited' THEN 0 WHEN 'blocked' THEN 1 WHEN 'unresolved' THEN 2
                WHEN 'soft_deleted' THEN 3 ELSE 4 END AS rank
  FROM principal WHERE kind = 'user' AND upn IS NOT NULL AND status <> 'id_mismatch'
)
SELECT key, min(id) AS person, count(*) AS candidates
FROM (SELECT *, min(rank) OVER (PARTITION BY key) AS best FROM account)
WHERE rank = best GROUP BY key;
