-- The person ($person), and what holds them directly in any way, whether or not that gives access.
-- `reaches`: accounts that are gone reach nothing (insights.md 3.11).
CREATE OR REPLACE TEMP TABLE me AS
SELECT p.id, p.name, p.upn, p.email, p.status, p.status NOT IN ('deleted', 'soft_deleted', 'id_mismatch') AS reaches,
  (SELECT value::TIMESTAMP FROM meta WHERE key = 'as_of') AS as_of
FROM principal p WHERE p.id = $person;

CREATE OR REPLACE TEMP MACRO group_type(kind) AS CASE kind
  WHEN 'security_group' THEN 'Security Group' WHEN 'mail_security_group' THEN 'Mail-enabled Security Group'
  WHEN 'distribution_group' THEN 'Distribution Group' WHEN 'm365_group' THEN 'Microsoft 365 Group'
  WHEN 'm365_owners' THEN 'Microsoft 365 Group Owners' WHEN 'directory_role' THEN 'Directory Role'
  WHEN 'external_group' THEN 'External Group' WHEN 'sp_group' THEN 'SharePoint Group' WHEN 'link' THEN 'Sharing Link'
  WHEN 'user' THEN 'User' WHEN 'application' THEN 'Application' WHEN 'unresolved' THEN 'Unresolved Principal'
  ELSE 'Special Group' END;

-- Every membership as the source tells it: `edge` leaves out what gives no access.
CREATE OR REPLACE TEMP VIEW holds AS
SELECT container, member FROM member
UNION ALL SELECT n.id, o.principal FROM owner o JOIN principal n ON n.kind = 'm365_owners' AND n.of_group = o.grp
UNION ALL SELECT link, principal FROM invite;

-- Memberships that `edge` leaves out because everyone-except-external has no effect there (insights.md 3.7).
CREATE OR REPLACE TEMP TABLE barred AS
WITH claims AS MATERIALIZED (SELECT h.container, h.member FROM holds h SEMI JOIN principal m ON m.id = h.member AND m.kind = 'eeeu'),
held AS MATERIALIZED (
  SELECT DISTINCT h.container, h.member
  FROM claims h JOIN principal c ON c.id = h.container JOIN site s ON s.id = c.site AND s.grp IS NOT NULL AND s.privacy = 'Private'
)
SELECT h.container, h.member FROM held h
ANTI JOIN (SELECT k.principal FROM link k SEMI JOIN held l ON l.container = k.principal WHERE k.scope <> 'specific') k
  ON k.principal = h.container;

-- `barred`: the way told leads through one of those.
CREATE OR REPLACE TEMP TABLE holder AS
SELECT h.container AS principal, 1::SMALLINT AS distance, s.text AS path, NULL::INTEGER AS via, false AS barred
FROM (
  SELECT container FROM holds WHERE member = $person AND container <> $person
  UNION
  SELECT p.id FROM population q JOIN principal p ON p.kind = q.kind WHERE q.usr = $person
) h JOIN step s ON s.principal = h.container;
