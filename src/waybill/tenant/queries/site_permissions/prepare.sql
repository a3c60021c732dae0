-- The access list rows of the asked sites: entries that are shown, and the administrator flags.
CREATE OR REPLACE TEMP TABLE shown_entry AS
SELECT e.site, e.securable, e.principal, e.level, e.verdict, e.live, false AS is_admin
FROM entry e JOIN asked_site a ON a.site = e.site
WHERE e.shown OR ($limited AND e.verdict IN ('limited', 'system'))
UNION ALL
SELECT DISTINCT s.site, r.id, s.principal, 0::SMALLINT,
  CASE WHEN p.status IN ('deleted', 'soft_deleted') THEN 'deleted' WHEN p.status = 'id_mismatch' THEN 'mismatch' ELSE 'live' END,
  p.status NOT IN ('deleted', 'soft_deleted', 'id_mismatch'), true
FROM site_admin s JOIN asked_site a ON a.site = s.site JOIN securable r ON r.site = s.site AND r.parent IS NULL
JOIN principal p ON p.id = s.principal;

CREATE OR REPLACE TEMP TABLE site_principal AS
SELECT site, principal, bool_or(live) AS live FROM shown_entry GROUP BY site, principal;

-- SharePoint groups holding an everyone-type claim ("Groups Containing Everyone", 3.7).
CREATE OR REPLACE TEMP TABLE holds_everyone AS
SELECT DISTINCT m.container AS principal FROM member m
JOIN principal s ON s.id = m.member AND is_special(s.kind)
WHERE m.container IN (SELECT principal FROM site_principal);

-- Whom each link names, as one text that ends at a name boundary before a cell would overflow.
CREATE OR REPLACE TEMP TABLE link_people AS
WITH named AS (
  SELECT i.link, coalesce(nullif(p.email, ''), p.upn, p.name) || CASE WHEN p.status = 'invited' THEN ' (invited)' ELSE '' END AS who, o.ord
  FROM invite i JOIN principal p ON p.id = i.principal JOIN principal_order o ON o.principal = p.id
  WHERE i.link IN (SELECT principal FROM site_principal)
),
measured AS (
  SELECT link, who, ord, sum(length(who) + 2) OVER (PARTITION BY link ORDER BY ord ROWS UNBOUNDED PRECEDING) AS chars FROM named
)
SELECT link, string_agg(who, '; ' ORDER BY ord) FILTER (chars <= 30000) AS people, count(*) AS named,
       count(*) FILTER (chars > 30000) AS more
FROM measured GROUP BY link;
