-- Every access list entry, with what it is worth.
--  shown: it has a row on Permissions; live: it gives access today;
--  verdict: live | limited | system | existing | expired | deleted | mismatch | no_rights | private_group
CREATE TYPE verdict AS ENUM ('live', 'limited', 'system', 'existing', 'expired', 'deleted', 'mismatch', 'no_rights', 'private_group');
CREATE TABLE entry AS
WITH as_of AS (SELECT value::TIMESTAMP AS moment FROM meta WHERE key = 'as_of'),
judged AS (
  SELECT a.site, a.securable, a.principal, a.level,
    CASE
      WHEN l.limited THEN 'limited'
      WHEN p.system THEN 'system'
      WHEN k.scope = 'existing' THEN 'existing'
      WHEN k.expires_at <= (SELECT moment FROM as_of) THEN 'expired'
      WHEN p.status = 'id_mismatch' THEN 'mismatch'
      WHEN p.status IN ('deleted', 'soft_deleted') THEN 'deleted'
      WHEN p.kind = 'distribution_group' THEN 'no_rights'
      WHEN p.kind = 'eeeu' AND s.grp IS NOT NULL AND s.privacy = 'Private' THEN 'private_group'
      ELSE 'live'
    END AS verdict
  FROM (SELECT DISTINCT site, securable, principal, level FROM acl) a
  JOIN level l ON l.id = a.level
  -- Names are looked at once each, not once an entry.
  JOIN (SELECT id, kind, status, (kind = 'sp_group' AND name ILIKE 'limited access system group%') OR name ILIKE '%slinkclaim%' AS system
        FROM principal) p ON p.id = a.principal
  JOIN site s ON s.id = a.site
  JOIN securable o ON o.id = a.securable AND o.has_acl
  LEFT JOIN link k ON k.principal = a.principal
)
SELECT j.site, j.securable, j.principal, j.level, j.verdict::verdict AS verdict,
       j.verdict IN ('live', 'deleted', 'mismatch', 'no_rights', 'private_group') AS shown,
       j.verdict = 'live' AS live
FROM judged j JOIN object o ON o.securable = j.securable JOIN principal_order p ON p.principal = j.principal
ORDER BY o.ord, p.ord, j.level;

-- Live access: list entries and the administrator flag (securable = root web, level 0), by site ...
CREATE TABLE live_grant AS
WITH admin AS (
  SELECT a.site, r.id AS securable, a.principal, 0::SMALLINT AS level
  FROM site_admin a JOIN securable r ON r.site = a.site AND r.parent IS NULL JOIN principal p ON p.id = a.principal
  WHERE p.status NOT IN ('deleted', 'soft_deleted', 'id_mismatch') AND p.kind <> 'distribution_group'
)
SELECT g.site, g.securable, g.principal, g.level, g.is_admin
FROM (SELECT site, securable, principal, level, false AS is_admin FROM entry WHERE live
      UNION ALL SELECT DISTINCT site, securable, principal, level, true FROM admin) g
JOIN object o ON o.securable = g.securable
ORDER BY o.ord, g.principal, g.level;
-- ... and by principal: the group report reads a few ancestors, not the tenant.
CREATE TABLE live_grant_by_principal AS SELECT * FROM live_grant ORDER BY principal, securable, level;

DROP TABLE place;
