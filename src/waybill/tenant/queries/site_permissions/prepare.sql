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

-- Principals of the directory, with what reports say of them.
CREATE OR REPLACE TEMP TABLE directory AS
SELECT p.id, p.kind, p.of_group, p.login, p.name, p.upn, p.email, p.user_type, p.external, p.status, p.ord,
  p.users, p.external_users, p.orphaned, p.direct_members, p.owners, p.unknown, p.foreign_group
FROM described p WHERE p.kind NOT IN ('sp_group', 'link');

-- SharePoint groups and links belong to a site and are read with it; these few stand elsewhere as well:
-- in another site's list, or inside something.
CREATE OR REPLACE TEMP TABLE abroad AS
WITH own AS MATERIALIZED (SELECT p.id, p.site FROM described p WHERE p.kind IN ('sp_group', 'link'))
SELECT n.principal FROM site_principal n JOIN own o ON o.id = n.principal WHERE o.site IS DISTINCT FROM n.site
UNION SELECT m.member FROM member m SEMI JOIN own o ON o.id = m.member
UNION SELECT i.principal FROM invite i SEMI JOIN own o ON o.id = i.principal;
CREATE OR REPLACE TEMP TABLE foreigner AS SELECT p.* FROM described p SEMI JOIN abroad a ON a.principal = p.id;

-- Membership that leads into these access lists. `way` numbers the chains into a
-- container from 2, shortest first.
CREATE OR REPLACE TEMP TABLE leads AS
SELECT k.descendant, k.ancestor, k.distance, k.via, k.path,
  1 + row_number() OVER (PARTITION BY k.ancestor ORDER BY k.distance, k.path, k.descendant)::INTEGER AS way
FROM closure k SEMI JOIN named n ON n.principal = k.ancestor;
CREATE OR REPLACE TEMP TABLE lead_name AS
SELECT p.id, p.name, row_number() OVER (ORDER BY lower(p.name), p.name, p.id)::INTEGER AS ord
FROM described p SEMI JOIN leads k ON k.descendant = p.id;
CREATE OR REPLACE TEMP TABLE held AS
SELECT e.container, e.member FROM edge e
SEMI JOIN (SELECT principal FROM named UNION SELECT descendant FROM leads) s ON s.principal = e.container
ORDER BY e.container;

-- Whom each directory group named here reaches, for all sites at once. `way`: the shortest chain (1: directly
-- in it), `ways`: how many there are. What belongs to one site is opened with that site (people_stage).
CREATE OR REPLACE TEMP TABLE person_of AS
SELECT usr FROM person WHERE status IN ('active', 'blocked', 'invited', 'unresolved');
CREATE OR REPLACE TEMP TABLE reach AS
WITH opened AS MATERIALIZED (SELECT n.principal FROM named n SEMI JOIN directory d ON d.id = n.principal)
SELECT principal, usr, min(way) AS way, count(*) AS ways
FROM (
  SELECT h.container AS principal, h.member AS usr, 1 AS way FROM held h SEMI JOIN opened n ON n.principal = h.container
  UNION ALL
  SELECT k.ancestor, h.member, k.way FROM leads k SEMI JOIN opened n ON n.principal = k.ancestor JOIN held h ON h.container = k.descendant
) SEMI JOIN person_of USING (usr)
GROUP BY principal, usr;

-- SharePoint groups holding an everyone-type claim ("Groups Containing Everyone", 3.7).
CREATE OR REPLACE TEMP TABLE holds_everyone AS
SELECT DISTINCT m.container AS principal FROM (FROM member SEMI JOIN named n ON n.principal = container) m
JOIN directory s ON s.id = m.member AND is_special(s.kind);

CREATE OR REPLACE TEMP TABLE holds_eeeu AS
SELECT DISTINCT m.container AS principal FROM (FROM member SEMI JOIN named n ON n.principal = container) m
JOIN directory s ON s.id = m.member AND s.kind = 'eeeu';

-- Which batch lists the members of a group or link: the first that names it; NULL for those of the directory.
CREATE OR REPLACE TEMP TABLE grp_batch AS
SELECT n.principal AS container, CASE WHEN d.id IS NULL THEN min(b.batch) END AS batch
FROM site_principal n JOIN site_batch b ON b.site = n.site LEFT JOIN directory d ON d.id = n.principal
WHERE d.kind IS NULL OR d.kind NOT IN ('user', 'application')
GROUP BY n.principal, d.id;

-- Link groups that no access list names any more: SharePoint leaves them behind (3.8).
CREATE OR REPLACE TEMP TABLE orphaned_link AS SELECT k.principal, k.site FROM loose_link k SEMI JOIN asked_site a ON a.site = k.site;
CREATE OR REPLACE TEMP TABLE expired_link AS
SELECT DISTINCT e.site, e.principal FROM dead_entry e SEMI JOIN asked_site a ON a.site = e.site WHERE e.verdict = 'expired';
