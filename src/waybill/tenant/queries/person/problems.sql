-- What the source said and could not be placed, as far as it may concern the person: about the whole
-- tenant, about a site they reach, or about somebody of their name.
WITH near AS (
  SELECT DISTINCT site FROM hit UNION SELECT site FROM channel_member WHERE principal = (SELECT id FROM me)
  UNION SELECT site FROM site_admin WHERE principal = (SELECT id FROM me)
)
SELECT s.url, x.object, x.code, x.message
FROM source_problem x CROSS JOIN me LEFT JOIN site s ON s.id = x.site
WHERE CASE WHEN x.principal IS NULL THEN x.site IS NULL OR x.site IN (SELECT site FROM near)
  ELSE lower(x.principal) IN (lower(me.name), lower(me.upn), lower(me.email)) END
ORDER BY s.url NULLS FIRST, x.object NULLS FIRST, x.code, x.message;
