-- One row per access list entry of a batch (insights.md 2.2, sheet "Permissions"; run after permissions_stage),
-- those numbered from $first up to before $until.
SELECT e.position, o.module, o.name, o.url, o.type, p.shown_name, p.email, p.type, l.name, p.members, p.external, 'Unique', p.giving,
  CASE WHEN e.live THEN p.users ELSE 0 END, CASE WHEN e.live THEN p.external_users ELSE 0 END,
  p.login, p.status, r.role, o.site_url, o.list, o.path, o.url,
  p.link_type, p.permission, p.expires_at, p.created_by, p.created_at, p.password, p.block_download, o.modified_at,
  o.label, o.sensitivity,
  CASE WHEN e.verdict = 'live' AND NOT e.is_admin AND p.anyone IS NULL AND NOT (p.eeeu AND o.private_group) THEN p.flags
  ELSE nullif(concat_ws(';', p.flags, CASE WHEN e.is_admin THEN 'Admin' END, p.anyone,
    CASE WHEN e.verdict = 'private_group' OR (o.private_group AND p.eeeu) THEN 'Not effective on a private group site' END,
    CASE WHEN e.verdict IN ('deleted', 'mismatch', 'no_rights') THEN 'No access' END,
    CASE WHEN e.verdict IN ('limited', 'system') THEN 'Limited Access' END), '') END
FROM (FROM line WHERE position >= $first AND position < $until) e
JOIN shown_object o ON o.id = e.securable
JOIN spoken p ON p.id = e.principal
JOIN level l ON l.id = e.level
LEFT JOIN role_here r ON r.site = e.site AND r.principal = e.principal;
