-- The access list entries of a batch, numbered in report order (run after batch, who_text and link_people).
CREATE OR REPLACE TEMP TABLE line AS
SELECT row_number() OVER (ORDER BY o.ord, e.is_admin DESC, p.ord, l.rank DESC, e.level) - 1 AS position,
  e.site, e.securable, e.principal, e.level, e.verdict, e.live, e.is_admin
FROM here e JOIN (SELECT id, ord FROM what) o ON o.id = e.securable JOIN (SELECT id, ord FROM who) p ON p.id = e.principal
JOIN level l ON l.id = e.level
ORDER BY position;
-- What each principal is in words: said once, however many entries name it.
CREATE OR REPLACE TEMP TABLE spoken AS
SELECT p.id, p.shown_name, CASE WHEN p.kind IN ('sp_group', 'link') THEN NULL ELSE p.email END AS email,
  principal_type(p.kind, p.external, p.status) AS type,
  CASE WHEN p.kind = 'link' THEN coalesce(t.named, 0) WHEN is_special(p.kind) THEN r.people
       WHEN p.kind = 'm365_owners' THEN coalesce(h.owners, 0)
       WHEN p.kind IN ('user', 'application') THEN 0 ELSE p.direct_members END AS members,
  CASE WHEN p.kind = 'user' THEN p.external WHEN p.scope = 'anyone' OR p.foreign_group THEN true
       WHEN p.unknown AND coalesce(p.external_users, 0) = 0 THEN NULL ELSE coalesce(p.external_users, 0) > 0 END AS external,
  CASE WHEN p.kind = 'link' THEN nullif(concat_ws('; ', CASE p.scope WHEN 'anyone' THEN 'Anyone with the link'
       WHEN 'organization' THEN 'People in your organization with the link' END, t.people,
       CASE WHEN t.more > 0 THEN '(+' || t.more || ' more, see Group Members)' END), '') END AS giving,
  CASE WHEN p.kind = 'application' THEN 0
       WHEN p.kind = 'user' THEN CASE WHEN p.status IN ('active', 'invited', 'unresolved') THEN 1 ELSE 0 END
       WHEN p.scope = 'anyone' THEN NULL ELSE p.users END AS users,
  CASE WHEN p.kind = 'application' THEN 0
       WHEN p.kind = 'user' THEN CASE WHEN p.external AND p.status IN ('active', 'invited', 'unresolved') THEN 1 ELSE 0 END
       WHEN p.scope = 'anyone' THEN NULL ELSE p.external_users END AS external_users,
  p.login,
  CASE WHEN p.kind NOT IN ('user', 'application', 'link') AND p.status = 'active' AND NOT p.unknown
            AND coalesce(p.users, 0) = 0 AND coalesce(p.orphaned, 0) = 0 AND NOT p.everyone THEN 'Empty group'
       ELSE status_word(p.status) END AS status,
  link_type(p.scope) AS link_type, p.permission, p.expires_at, p.created_by, p.created_at, p.password, p.block_download,
  nullif(concat_ws(';', CASE WHEN is_special(p.kind) OR p.everyone THEN 'Everyone' END,
    CASE WHEN (p.kind = 'user' AND p.external) OR p.external_users > 0 OR p.foreign_group THEN 'External' END,
    CASE WHEN p.users > 100 THEN 'Large group' END,
    CASE WHEN p.status IN ('deleted', 'soft_deleted', 'blocked') OR p.orphaned > 0 THEN 'Orphaned' END), '') AS flags,
  CASE WHEN p.scope = 'anyone' THEN 'Anyone link' END AS anyone, p.eeeu
FROM (
  SELECT w.*, w.id IN (SELECT principal FROM holds_everyone) AS everyone, w.id IN (SELECT principal FROM holds_eeeu) AS eeeu FROM who_text w
) p
LEFT JOIN special_rule_text r ON r.kind = p.kind
LEFT JOIN link_people t ON t.link = p.id
LEFT JOIN (SELECT c.principal, c.owners FROM headcount c SEMI JOIN who w ON w.of_group = c.principal) h ON h.principal = p.of_group;
CREATE OR REPLACE TEMP TABLE role_here AS
SELECT a.site, a.principal, min(a.role) AS role FROM associated a SEMI JOIN now_site n ON n.site = a.site GROUP BY a.site, a.principal;
-- What each object is in words.
CREATE OR REPLACE TEMP TABLE shown_object AS
SELECT o.id, s.module, CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END AS name, o.url, object_type(o.kind) AS type,
  s.url AS site_url, o.list, regexp_replace(o.url, '^https?://[^/]+', '') AS path, o.modified_at,
  coalesce(o.label, s.label) AS label, o.sensitivity, s.grp IS NOT NULL AND coalesce(s.privacy, '') = 'Private' AS private_group
FROM what o JOIN site s ON s.id = o.site;
