-- Every principal through which an asked group has access: itself and all that transitively contain it.
-- `source` is the asked principal the chain starts at; its text is in closure (source, principal).
CREATE OR REPLACE TEMP TABLE reach AS
SELECT (row_number() OVER ())::INTEGER AS id, * FROM (
  SELECT grp, principal, principal AS source, owners, 0::SMALLINT AS distance, false AS implied FROM asked_principal
  UNION ALL
  SELECT a.grp, k.ancestor, a.principal, a.owners, k.distance, false
  FROM asked_principal a JOIN closure k ON k.descendant = a.principal
);
