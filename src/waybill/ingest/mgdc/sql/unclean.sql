-- Whether verdict.sql could come to anything but `read`: rows carried over, several folders, a row that is refused
-- or deleted, a key that comes twice. A full pull in one folder has none of these, and is spared the ranking.
SELECT EXISTS (SELECT 1 FROM {carried})
  OR (SELECT count(DISTINCT f.folder) > 1 FROM (SELECT DISTINCT _file FROM {staged}) s JOIN source_file f ON f.number = s._file)
  OR EXISTS (SELECT 1 FROM {staged} s WHERE lower(s.Operation) = 'deleted' OR {refusal} IS NOT NULL)
  OR EXISTS (SELECT {key} FROM {staged} s GROUP BY ALL HAVING count(*) > 1)
