-- One row per access list entry of a batch (insights.md 2.2, sheet "Permissions"; run after batch).
SELECT s.module, CASE WHEN o.kind = 'root' THEN s.title ELSE o.name END, o.url, object_type(o.kind),
  p.shown_name,
  CASE WHEN p.kind IN ('sp_group', 'link') THEN NULL ELSE p.email END,
  principal_type(p.kind, p.external, p.status), l.name,
  CASE WHEN p.kind = 'link' THEN coalesce(t.named, 0) WHEN is_special(p.kind) THEN (SELECT r.people FROM special_rule_text r WHERE r.kind = p.kind)
       WHEN p.kind = 'm365_owners' THEN coalesce((SELECT h.owners FROM headcount h WHERE h.principal = p.of_group), 0)
       WHEN p.kind IN ('user', 'application') THEN 0 ELSE p.direct_members END,
  CASE WHEN p.kind = 'user' THEN p.external WHEN p.scope = 'anyone' OR p.foreign_group THEN true
       WHEN p.unknown AND coalesce(p.external_users, 0) = 0 THEN NULL ELSE coalesce(p.external_users, 0) > 0 END,
  'Unique',
  CASE WHEN p.kind = 'link' THEN nullif(concat_ws('; ', CASE p.scope WHEN 'anyone' THEN 'Anyone with the link'
       WHEN 'organization' THEN 'People in your organization with the link' END, t.people,
       CASE WHEN t.more > 0 THEN '(+' || t.more || ' more, see Group Members)' END), '') END,
  CASE WHEN NOT e.live OR p.kind = 'application' THEN 0
       WHEN p.kind = 'user' THEN CASE WHEN p.status IN ('active', 'invited', 'unresolved') THEN 1 ELSE 0 END
       WHEN p.scope = 'anyone' THEN NULL ELSE p.users END,
  CASE WHEN NOT e.live OR p.kind = 'application' THEN 0
       WHEN p.kind = 'user' THEN CASE WHEN p.external AND p.status IN ('active', 'invited', 'unresolved') THEN 1 ELSE 0 END
       WHEN p.scope = 'anyone' THEN NULL ELSE p.external_users END,
  p.login,
  CASE WHEN p.kind NOT IN ('user', 'application', 'link') AND p.status = 'active' AND NOT p.unknown
            AND coalesce(p.users, 0) = 0 AND coalesce(p.orphaned, 0) = 0 AND p.id NOT IN (SELECT principal FROM holds_everyone) THEN 'Empty group'
       ELSE status_word(p.status) END,
  r.role, s.url, o.list, regexp_replace(o.url, '^https?://[^/]+', ''), o.url,
  link_type(p.scope), p.permission, p.expires_at, p.created_by, p.created_at, p.password, p.block_download, o.modified_at,
  coalesce(o.label, s.label), o.sensitivity,
  nullif(concat_ws(';',
    CASE WHEN is_special(p.kind) OR p.id IN (SELECT principal FROM holds_everyone) THEN 'Everyone' END,
    CASE WHEN (p.kind = 'user' AND p.external) OR p.external_users > 0 OR p.foreign_group THEN 'External' END,
    CASE WHEN p.users > 100 THEN 'Large group' END,
    CASE WHEN p.status IN ('deleted', 'soft_deleted', 'blocked') OR p.orphaned > 0 THEN 'Orphaned' END,
    CASE WHEN e.is_admin THEN 'Admin' END, CASE WHEN p.scope = 'anyone' THEN 'Anyone link' END,
    CASE WHEN e.verdict = 'private_group' OR (s.grp IS NOT NULL AND s.privacy = 'Private' AND p.id IN (SELECT principal FROM holds_eeeu)) THEN 'Not effective on a private group site' END,
    CASE WHEN e.verdict IN ('deleted', 'mismatch', 'no_rights') THEN 'No access' END,
    CASE WHEN e.verdict IN ('limited', 'system') THEN 'Limited Access' END), '')
FROM here e
JOIN site s ON s.id = e.site
JOIN what o ON o.id = e.securable
JOIN who p ON p.id = e.principal
JOIN level l ON l.id = e.level
LEFT JOIN link_people t ON t.link = e.principal
LEFT JOIN (SELECT site, principal, min(role) AS role FROM associated GROUP BY site, principal) r ON r.site = e.site AND r.principal = e.principal
ORDER BY o.ord, e.is_admin DESC, p.ord, l.rank DESC, e.level;
