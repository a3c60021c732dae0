-- Groups and links named on Permissions, expanded (run after group_members_stage).
WITH written AS (
  SELECT coalesce(g.login, g.name) AS key, g.shown_name AS name,
    principal_type(g.kind, g.external, g.status) AS kind, s.url AS site,
    p.name AS member, p.upn, p.email, CASE WHEN is_special(p.kind) THEN 'Special Group' ELSE member_type(p.kind, p.user_type, p.external) END AS member_kind,
    m.depth, CASE WHEN m.depth > 1 THEN m.via END AS via, p.external, status_word(p.status) AS status,
    CASE WHEN p.kind = 'eeeu' AND s.grp IS NOT NULL AND s.privacy = 'Private' THEN 'Not effective on a private group site'
         WHEN is_special(p.kind) THEN special_rule(p.kind)
         WHEN g.scope = 'organization' AND NOT coalesce(v.redeemed, false) THEN 'Named by the link, has not opened it: no access'
         WHEN g.scope = 'anyone' THEN 'Was sent the link; anyone who holds it has access' END AS note,
    g.ord AS group_ord, g.container AS grp, p.ord
  FROM in_group m JOIN grp g ON g.container = m.container JOIN member_of p ON p.id = m.principal
  LEFT JOIN site s ON s.id = g.site
  LEFT JOIN (SELECT i.* FROM invite i SEMI JOIN grp n ON n.container = i.link) v ON v.link = g.container AND v.principal = p.id
  UNION ALL
  SELECT coalesce(g.login, g.name), g.name, 'Special Group', NULL, special_rule(g.kind), NULL, NULL, 'Special Group', NULL, NULL, NULL, NULL, NULL, g.ord, g.container, 0
  FROM grp g WHERE is_special(g.kind)
)
SELECT key, name, kind, site, member, upn, email, member_kind, depth, via, external, status, note
FROM written ORDER BY group_ord, grp, depth, ord;
