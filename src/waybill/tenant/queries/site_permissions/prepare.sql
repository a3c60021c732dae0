-- The access list rows of the asked sites: entries that are shown, and the administrator flags.
CREATE OR REPLACE TEMP TABLE shown_entry AS
SELECT e.site, e.securable, e.principal, e.level, e.verdict, e.live, false AS is_admin
FROM entry e SEMI JOIN asked_site a ON a.site = e.site
WHERE e.shown OR ($limited AND e.verdict IN ('limited', 'system'))
UNION ALL
SELECT DISTINCT s.site, r.id, s.principal, 0::SMALLINT,
  (CASE WHEN p.status IN ('deleted', 'soft_deleted') THEN 'deleted' WHEN p.status = 'id_mismatch' THEN 'mismatch'
    WHEN p.kind = 'distribution_group' THEN 'no_rights' ELSE 'live' END)::verdict,
  p.status NOT IN ('deleted', 'soft_deleted', 'id_mismatch') AND p.kind <> 'distribution_group', true
FROM site_admin s JOIN asked_site a ON a.site = s.site JOIN securable r ON r.site = s.site AND r.parent IS NULL
JOIN principal p ON p.id = s.principal
ORDER BY 1;

CREATE OR REPLACE TEMP TABLE site_principal AS
SELECT site, principal, bool_or(live) AS live FROM shown_entry GROUP BY site, principal;

CREATE OR REPLACE TEMP TABLE named AS SELECT DISTINCT principal FROM site_principal;

-- Sites are worked on in batches that hold about this many entries and people, or one large site.
CREATE OR REPLACE TEMP TABLE site_batch AS
WITH weight AS (
  SELECT a.site, a.ord, coalesce(e.entries, 0) + coalesce(u.people, 0) AS weight
  FROM asked_site a
  LEFT JOIN (SELECT site, count(*) AS entries FROM shown_entry GROUP BY site) e ON e.site = a.site
  LEFT JOIN (SELECT n.site, sum(d.users) AS people FROM site_principal n
             JOIN (SELECT d.id, d.users FROM described d SEMI JOIN named n ON n.principal = d.id) d ON d.id = n.principal
             GROUP BY n.site) u ON u.site = a.site
)
SELECT site, ord, (sum(weight) OVER (ORDER BY ord ROWS UNBOUNDED PRECEDING) // $batch_weight)::BIGINT AS batch FROM weight;

-- People of the tenant, and everyone-type claims, with what People says of them.
CREATE OR REPLACE TEMP TABLE human AS
SELECT p.id, p.name, p.upn, p.email, p.user_type, p.external, p.status, p.kind, is_special(p.kind) AS special, p.ord
FROM described p WHERE p.kind IN ('user', 'everyone', 'eeeu', 'all_windows', 'all_membership');

-- Membership that leads into these access lists.
CREATE OR REPLACE TEMP TABLE leads AS
SELECT k.descendant, k.ancestor, k.distance, k.via, k.path
FROM closure k SEMI JOIN site_principal s ON s.principal = k.ancestor;
CREATE OR REPLACE TEMP TABLE lead_name AS SELECT p.id, p.name FROM described p SEMI JOIN leads k ON k.descendant = p.id;
CREATE OR REPLACE TEMP TABLE held AS
SELECT e.container, e.member FROM edge e
SEMI JOIN (SELECT principal FROM site_principal UNION SELECT descendant FROM leads) s ON s.principal = e.container
ORDER BY e.container;

-- SharePoint groups holding an everyone-type claim ("Groups Containing Everyone", 3.7).
CREATE OR REPLACE TEMP TABLE holds_everyone AS
SELECT DISTINCT m.container AS principal FROM (FROM member SEMI JOIN named n ON n.principal = container) m
JOIN human s ON s.id = m.member AND s.special;

CREATE OR REPLACE TEMP TABLE holds_eeeu AS
SELECT DISTINCT m.container AS principal FROM (FROM member SEMI JOIN named n ON n.principal = container) m
JOIN human s ON s.id = m.member AND s.kind = 'eeeu';

-- Link groups that no access list names any more: SharePoint leaves them behind (3.8).
CREATE OR REPLACE TEMP TABLE orphaned_link AS
WITH candidate AS MATERIALIZED (SELECT k.principal, k.site FROM link k SEMI JOIN asked_site a ON a.site = k.site),
listed AS MATERIALIZED (SELECT DISTINCT e.principal FROM entry e SEMI JOIN candidate c ON c.principal = e.principal)
SELECT c.principal, c.site FROM candidate c ANTI JOIN listed e ON e.principal = c.principal;
CREATE OR REPLACE TEMP TABLE expired_link AS
SELECT DISTINCT e.site, e.principal FROM entry e SEMI JOIN asked_site a ON a.site = e.site WHERE e.verdict = 'expired';
