-- Every principal through which the person has access: itself, each direct membership, each
-- everyone-type claim whose population they are in, and all that contain those. `ways`: how many
-- direct memberships lead there. Of several shortest chains the alphabetically first is told.
CREATE OR REPLACE TEMP TABLE way_in AS
SELECT e.container AS principal, s.text
FROM edge e JOIN step s ON s.principal = e.container JOIN me ON me.id = e.member AND me.reaches
UNION ALL
SELECT p.id, s.text
FROM population q JOIN me ON me.id = q.usr AND me.reaches JOIN principal p ON p.kind = q.kind JOIN step s ON s.principal = p.id;

CREATE OR REPLACE TEMP TABLE reach AS
SELECT principal, min(distance)::SMALLINT AS distance, arg_min(path, (distance, path)) AS path,
  arg_min(via, (distance, path, via)) AS via, count(*) AS ways
FROM (
  SELECT principal, 1 AS distance, text AS path, NULL::INTEGER AS via FROM way_in
  UNION ALL
  SELECT k.ancestor, 1 + k.distance, w.text || k.path, coalesce(k.via, k.descendant)
  FROM way_in w JOIN closure k ON k.descendant = w.principal
) GROUP BY principal
UNION ALL
SELECT id, 0, '', NULL, 1 FROM me WHERE reaches;

-- Beside those, what names the person and passes nothing on to them.
CREATE OR REPLACE TEMP TABLE named AS
SELECT principal, distance, path, via, ways, true AS passes, false AS barred FROM reach
UNION ALL
SELECT h.principal, h.distance, h.path, h.via, 0, false, h.barred FROM holder h ANTI JOIN reach r ON r.principal = h.principal
UNION ALL
SELECT id, 0, '', NULL, 0, false, false FROM me WHERE NOT reaches;
