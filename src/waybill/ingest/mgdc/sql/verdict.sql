-- What becomes of every staged row and of every row carried from the snapshot before:
--   read | repeated | removed | rejected (with a reason), and for carried rows keep | drop.
-- getvariable('wall'): the tenant whose rows are let in, NULL = all. Words in braces differ by dataset: merge.py.
CREATE OR REPLACE TEMP TABLE verdict AS
WITH pool AS (
  SELECT s.rowid AS id, false AS carried, {key}, {part} AS part, f.folder, f.number AS file, s._object AS object,
         coalesce(s.SnapshotDate, f.day::TIMESTAMP) AS day, lower(coalesce(s.Operation, 'full')) AS operation,
         {refusal} AS refused
  FROM {staged} s JOIN source_file f ON f.number = s._file
  UNION ALL
  SELECT p.rowid, true, {carried_key}, {carried_part}, NULL, -1, p.rowid, p.SnapshotDate, 'full', NULL
  FROM {carried} p
),
-- A full pull of a later day, from another folder, replaces what was there (the whole dataset, or the
-- part it names); the snapshot before gives way to any full pull.
full_pull AS (
  SELECT part, day, folder FROM pool
  WHERE NOT carried AND refused IS NULL AND operation NOT IN ('created', 'updated', 'deleted')
),
base AS (SELECT part, max(day) AS day FROM full_pull GROUP BY part),
base_folder AS (SELECT DISTINCT f.part, f.folder FROM full_pull f JOIN base b ON b.part = f.part AND b.day = f.day),
judged AS (
  SELECT p.id, p.carried, p.refused, p.operation, {key_names},
    p.day, p.file, p.object,
    CASE WHEN p.carried THEN {carried_gives_way} OR b.part IS NOT NULL
         ELSE coalesce(p.day < b.day, false) AND d.folder IS NULL END AS superseded
  FROM pool p
  LEFT JOIN base b ON b.part = p.part
  LEFT JOIN base_folder d ON d.part = p.part AND d.folder = p.folder
),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY refused IS NOT NULL, {key_names}
    ORDER BY superseded, day DESC NULLS LAST, file DESC, object DESC) AS place
  FROM judged
)
SELECT id, carried, refused AS reason,
  CASE WHEN refused IS NOT NULL THEN 'rejected'
       WHEN carried THEN CASE WHEN place = 1 AND NOT superseded THEN 'keep' ELSE 'drop' END
       WHEN place > 1 THEN 'repeated'
       WHEN superseded OR operation = 'deleted' THEN 'removed'
       ELSE 'read' END AS fate
FROM ranked;
