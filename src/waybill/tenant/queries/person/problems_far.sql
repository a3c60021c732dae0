-- How often the source could not place or name something on sites the person is not known to reach.
SELECT count(*)
FROM source_problem x
WHERE x.principal IS NULL AND x.site IS NOT NULL AND x.site NOT IN (SELECT site FROM hit)
  AND x.site NOT IN (SELECT site FROM channel_member WHERE principal = (SELECT id FROM me))
  AND x.site NOT IN (SELECT site FROM site_admin WHERE principal = (SELECT id FROM me));
