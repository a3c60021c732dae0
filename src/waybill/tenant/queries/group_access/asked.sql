-- The groups this report is about. $groups: principal ids, or NULL for every directory group;
-- $specials: kinds of special groups (always reported, even if nothing in the tenant names them).
-- A special group is one row for all spellings of its claim (insights.md 1.5).
CREATE OR REPLACE TEMP TABLE asked AS
SELECT p.id AS grp, p.kind, o.ord
FROM principal p JOIN principal_order o ON o.principal = p.id
WHERE CASE WHEN $groups::INTEGER[] IS NULL
        THEN p.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group', 'external_group')
        ELSE p.id IN (SELECT unnest($groups::INTEGER[])) END
UNION ALL
SELECT -1 - list_position(['everyone', 'eeeu', 'all_windows', 'all_membership'], k), k, 2000000000
FROM (SELECT unnest($specials::VARCHAR[]) AS k);

-- The principals a group is in an access list as: itself, its owners claim, each spelling of a special.
CREATE OR REPLACE TEMP TABLE asked_principal AS
SELECT a.grp, a.grp AS principal, false AS owners FROM asked a WHERE a.grp >= 0
UNION ALL
SELECT a.grp, p.id, true FROM asked a JOIN principal p ON p.kind = 'm365_owners' AND p.of_group = a.grp
UNION ALL
SELECT a.grp, p.id, false FROM asked a JOIN principal p ON p.kind = a.kind WHERE a.grp < 0;

CREATE OR REPLACE TEMP TABLE asked_name AS
SELECT a.grp, a.kind, a.ord,
  coalesce(p.name, CASE a.kind WHEN 'everyone' THEN 'Everyone' WHEN 'eeeu' THEN 'Everyone except external users'
    WHEN 'all_windows' THEN 'All Users (windows)' ELSE 'All Users (membership)' END) AS name,
  coalesce(p.entra_id, p.login, CASE a.kind WHEN 'everyone' THEN 'c:0(.s|true' WHEN 'eeeu' THEN 'c:0-.f|rolemanager|spo-grid-all-users'
    WHEN 'all_windows' THEN 'c:0!.s|windows' WHEN 'all_membership' THEN 'c:0!.s|forms%3amembership' END) AS id
FROM asked a LEFT JOIN principal p ON p.id = a.grp;
