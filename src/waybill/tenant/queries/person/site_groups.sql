-- SharePoint groups that hold the person, direct, nested or through an everyone-type claim.
SELECT s.title, s.url, p.name, (SELECT string_agg(a.role, ', ' ORDER BY a.role) FROM associated a WHERE a.principal = p.id),
  n.distance = 1, n.distance, CASE WHEN v.kind = 'link' THEN link_name(k.scope) ELSE v.name END, n.passes AND s.state <> 'Deleted',
  s.state, me.name || n.path
FROM named n CROSS JOIN me JOIN principal p ON p.id = n.principal AND p.kind = 'sp_group'
JOIN site s ON s.id = p.site JOIN site_order q ON q.site = s.id JOIN principal_order o ON o.principal = p.id
-- Of these two only what is named: a left join alone would read them whole.
LEFT JOIN (SELECT v.id, v.kind, v.name FROM principal v JOIN (SELECT DISTINCT via FROM named) n ON n.via = v.id) v ON v.id = n.via
LEFT JOIN (SELECT k.principal, k.scope FROM link k JOIN (SELECT DISTINCT via FROM named) n ON n.via = k.principal) k ON k.principal = n.via
ORDER BY q.ord, o.ord;
