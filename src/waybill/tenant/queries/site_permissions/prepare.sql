-- The access list rows of the asked sites: entries that are shown, and the administrator flags.
CREATE OR REPLACE TEMP TABLE shown_entry AS
SELECT e.site, e.securable, e.principal, e.level, e.verdict, e.live, false AS is_admin
FROM entry e SEMI JOIN asked_site a ON a.site = e.site
WHERE e.shown OR ($limited AND e.verdict IN ('limited', 'system'))
UNION ALL
SELECT DISTINCT s.site, r.id, s.principal, 0::SMALLINT,
  (CASE WHEN p.status IN ('deleted', 'soft_deleted') THEN 'deleted' WHEN p.status = 'id_mismatch' THEN 'mismatch' ELSE 'live' END)::verdict,
  p.status NOT IN ('deleted', 'soft_deleted', 'id_mismatch'), true
FROM site_admin s JOIN asked_site a ON a.site = s.site JOIN securable r ON r.site = s.site AND r.parent IS NULL
JOIN principal p ON p.id = s.principal
ORDER BY 1;

CREATE OR REPLACE TEMP TABLE site_principal AS
SELECT site, principal, bool_or(live) AS live FROM shown_entry GROUP BY site, principal;

-- Everything below is asked once per site: the parts of the large tables that these sites touch are
-- taken out here, once, so that no site has to read through all principals of the tenant.
CREATE OR REPLACE TEMP TABLE named AS SELECT DISTINCT principal FROM site_principal;
CREATE OR REPLACE TEMP TABLE who AS
SELECT p.*, CASE WHEN p.kind = 'link' THEN link_name(p.scope) ELSE p.name END AS shown_name
FROM described p SEMI JOIN named n ON n.principal = p.id;

CREATE OR REPLACE TEMP TABLE owning AS
SELECT o.id, o.site, o.parent, o.kind, o.name, o.url, o.modified_at, o.label, o.sensitivity
FROM securable o SEMI JOIN asked_site a ON a.site = o.site WHERE o.has_acl;
CREATE OR REPLACE TEMP TABLE what AS
SELECT o.*, b.ord, b.depth::BIGINT AS depth, b.parent_scope, y.name AS list, coalesce(w.items, 0) AS items
FROM owning o
JOIN (SELECT t.* FROM object t SEMI JOIN asked_site a ON a.site = t.site) b ON b.securable = o.id
LEFT JOIN (SELECT t.id, t.name FROM securable t SEMI JOIN asked_site a ON a.site = t.site WHERE t.kind IN ('list', 'library')) y ON y.id = b.list
LEFT JOIN (SELECT t.* FROM below t SEMI JOIN owning n ON n.id = t.securable) w ON w.securable = o.id
ORDER BY b.ord;
DROP TABLE owning;

-- People of the tenant, and everyone-type claims, with what People says of them.
CREATE OR REPLACE TEMP TABLE human AS
SELECT p.id, p.name, p.upn, p.email, p.user_type, p.external, p.status, p.kind, is_special(p.kind) AS special, p.ord
FROM described p WHERE p.kind IN ('user', 'everyone', 'eeeu', 'all_windows', 'all_membership');

-- Membership that leads into these access lists.
CREATE OR REPLACE TEMP TABLE leads AS
SELECT k.descendant, k.ancestor, k.distance, k.via, k.path
FROM closure k SEMI JOIN site_principal s ON s.principal = k.ancestor;
CREATE OR REPLACE TEMP TABLE held AS
SELECT e.container, e.member FROM edge e
SEMI JOIN (SELECT principal FROM site_principal UNION SELECT descendant FROM leads) s ON s.principal = e.container
ORDER BY e.container;

-- SharePoint groups holding an everyone-type claim ("Groups Containing Everyone", 3.7).
CREATE OR REPLACE TEMP TABLE holds_everyone AS
SELECT DISTINCT m.container AS principal FROM member m
JOIN human s ON s.id = m.member AND s.special
WHERE m.container IN (SELECT id FROM who);

-- Whom each link names, as one text that ends at a name boundary before a cell would overflow.
CREATE OR REPLACE TEMP TABLE link_people AS
WITH asked AS (SELECT i.* FROM invite i SEMI JOIN who k ON k.id = i.link AND k.kind = 'link'),
named AS (
  SELECT i.link, i.redeemed, coalesce(nullif(p.email, ''), p.upn, p.name) || CASE WHEN p.status = 'invited' THEN ' (invited)' ELSE '' END AS who, p.ord
  FROM asked i JOIN (SELECT t.* FROM described t SEMI JOIN asked a ON a.principal = t.id) p ON p.id = i.principal
),
measured AS (
  SELECT link, redeemed, who, ord, sum(length(who) + 2) OVER (PARTITION BY link ORDER BY ord ROWS UNBOUNDED PRECEDING) AS chars FROM named
)
SELECT link, string_agg(who, '; ' ORDER BY ord) FILTER (chars <= 30000) AS people, count(*) AS named, count(*) FILTER (redeemed) AS redeemed,
       count(*) FILTER (chars > 30000) AS more
FROM measured GROUP BY link;

-- Link groups that no access list names any more: SharePoint leaves them behind (3.8).
CREATE OR REPLACE TEMP TABLE orphaned_link AS
SELECT k.principal, k.site FROM link k JOIN asked_site a ON a.site = k.site
ANTI JOIN entry e ON e.principal = k.principal AND e.site = k.site;
