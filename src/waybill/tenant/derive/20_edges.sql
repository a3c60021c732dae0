-- Membership that carries access. A deleted group passes nothing on and gets
-- nothing, distribution groups carry no
-- SharePoint rights (3.6), an id mismatch is nobody (3.11), a link reaches its invitees by scope (3.8),
-- and everyone-except-external has no effect inside a private group-connected site (3.7).
CREATE TABLE edge AS
SELECT DISTINCT e.container, e.member
FROM (
  SELECT container, member FROM member
  UNION ALL
  SELECT n.id, o.principal FROM owner o JOIN principal n ON n.kind = 'm365_owners' AND n.of_group = o.grp
  UNION ALL
  SELECT i.link, i.principal FROM invite i JOIN link l ON l.principal = i.link
  WHERE l.scope = 'specific' OR (l.scope = 'organization' AND i.redeemed)
) e
JOIN principal c ON c.id = e.container
JOIN principal m ON m.id = e.member
LEFT JOIN site s ON s.id = c.site
WHERE e.container <> e.member
  AND c.status NOT IN ('deleted', 'soft_deleted', 'id_mismatch')
  AND m.status <> 'id_mismatch'
  AND NOT (m.kind <> 'user' AND m.status IN ('deleted', 'soft_deleted'))
  AND m.kind <> 'distribution_group'
  AND NOT (m.kind = 'eeeu' AND s.grp IS NOT NULL AND coalesce(s.privacy, '') = 'Private')
ORDER BY e.container, e.member;

-- What a container adds to an access path (grammar: insights.md 3.12).
CREATE TABLE step AS
SELECT id AS principal,
  CASE kind
    WHEN 'sp_group' THEN ' -> SharePoint group "' || name || '"'
    WHEN 'link' THEN ' -> link "' || coalesce(
        (SELECT CASE l.scope WHEN 'anyone' THEN 'Anyone' WHEN 'organization' THEN 'People in your organization'
                WHEN 'specific' THEN 'Specific people' ELSE 'People with existing access' END
         FROM link l WHERE l.principal = principal.id), 'unknown') || '"'
    WHEN 'm365_owners' THEN ' -> owner of ' || regexp_replace(name, ' Owners$', '')
    ELSE ' -> member of ' || name
  END AS text
FROM principal
WHERE kind NOT IN ('user', 'application');

-- Level 1 of the closure: a container directly inside another.
CREATE TABLE closure AS
SELECT e.member AS descendant, e.container AS ancestor, 1::SMALLINT AS distance, NULL::INTEGER AS via, s.text AS path
FROM edge e JOIN step m ON m.principal = e.member JOIN step s ON s.principal = e.container;
