-- Access list entries that name somebody in the reach of the asked groups without giving access (run after gone): the
-- last part of Exceptions, in the order of their objects.
WITH dead AS MATERIALIZED (SELECT site, securable, principal, verdict FROM gone WHERE verdict IN ('expired', 'deleted', 'mismatch')),
noted AS MATERIALIZED (SELECT p.id, p.kind, p.name, p.status, p.scope, p.expires_at FROM described p SEMI JOIN dead n ON n.principal = p.id),
place AS MATERIALIZED (SELECT o.id, o.url FROM securable o SEMI JOIN dead d ON d.securable = o.id),
place_ord AS MATERIALIZED (SELECT b.securable, b.ord FROM object b SEMI JOIN dead d ON d.securable = b.securable),
said AS (
  SELECT b.ord AS place, 'Warning' AS severity, s.url AS site_url, o.url AS object,
    CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END AS principal,
    CASE d.verdict WHEN 'expired' THEN 'LINK_EXPIRED' WHEN 'mismatch' THEN 'ID_MISMATCH' ELSE 'PRINCIPAL_DELETED' END AS code,
    CASE d.verdict WHEN 'expired' THEN 'The sharing link expired on ' || strftime(p.expires_at, '%Y-%m-%d %H:%M') || ' UTC: no access.'
      WHEN 'mismatch' THEN 'Same name as a directory account but another object id: the grant does not work.'
      ELSE CASE WHEN p.status = 'soft_deleted' THEN 'The access list names a principal deleted less than 30 days ago: no access unless it is restored.'
        ELSE 'The access list names a deleted principal: no access.' END END AS message
  FROM dead d JOIN site s ON s.id = d.site JOIN place o ON o.id = d.securable JOIN place_ord b ON b.securable = d.securable
  JOIN noted p ON p.id = d.principal
)
SELECT severity, site_url, object, principal, code, message FROM said
ORDER BY place, site_url NULLS FIRST, object NULLS FIRST, code, principal NULLS FIRST, message;
