-- The groups this report is about, with their numbers of people. $groups: principal ids, or NULL for every directory
-- group; $specials: kinds of special groups (always reported, even if nothing in the tenant names them).
-- A special group is one row for all spellings of its claim (insights.md 1.5); its grp is below zero.
CREATE OR REPLACE TEMP TABLE asked_name AS
WITH asked AS MATERIALIZED (
  SELECT p.id, p.kind, p.name, coalesce(p.entra_id, p.login) AS said, p.email, p.membership, p.created_at, p.status FROM principal p
  WHERE CASE WHEN $groups::INTEGER[] IS NULL
          THEN p.kind IN ('security_group', 'mail_security_group', 'distribution_group', 'm365_group', 'external_group')
          ELSE p.id IN (SELECT unnest($groups::INTEGER[])) END
)
SELECT a.id AS grp, a.kind, o.ord, a.name, a.said AS id, a.email, a.membership, a.created_at, a.status,
    c.users, c.external_users, coalesce(c.owners, 0) AS owners, c.direct_members, c.nested_groups, coalesce(c.orphaned, 0) AS orphaned,
    coalesce(c.unknown, false) AS unknown, NULL AS rule
  FROM asked a JOIN principal_order o ON o.principal = a.id LEFT JOIN headcount c ON c.principal = a.id
UNION ALL
SELECT -1 - list_position(['everyone', 'eeeu', 'all_windows', 'all_membership'], t.kind), t.kind, 2000000000,
    CASE t.kind WHEN 'everyone' THEN 'Everyone' WHEN 'eeeu' THEN 'Everyone except external users'
      WHEN 'all_windows' THEN 'All Users (windows)' ELSE 'All Users (membership)' END,
    CASE t.kind WHEN 'everyone' THEN 'c:0(.s|true' WHEN 'eeeu' THEN 'c:0-.f|rolemanager|spo-grid-all-users'
      WHEN 'all_windows' THEN 'c:0!.s|windows' WHEN 'all_membership' THEN 'c:0!.s|forms%3amembership' END, NULL, NULL, NULL, NULL,
    t.people, t.external_people, 0, t.people, 0, 0, false, t.rule
FROM special_rule_text t WHERE len($specials::VARCHAR[]) > 0;

-- The principals a group is in an access list as: itself, its owners claim, each spelling of a special.
CREATE OR REPLACE TEMP TABLE asked_principal AS
SELECT grp, grp AS principal, false AS owners FROM asked_name WHERE grp >= 0
UNION ALL
SELECT p.of_group, p.id, true FROM principal p SEMI JOIN asked_name a ON a.grp = p.of_group WHERE p.kind = 'm365_owners'
UNION ALL
SELECT a.grp, p.id, false FROM principal p JOIN asked_name a ON a.kind = p.kind AND a.grp < 0 WHERE len($specials::VARCHAR[]) > 0;

-- Their order, and slices of them, so that memory is bounded by the slice and not by the tenant. `counted`: what the
-- group reaches was counted when the snapshot was built; of the others every grant is read.
CREATE OR REPLACE TEMP TABLE slice_of AS
SELECT row_number() OVER (ORDER BY ord, grp DESC) - 1 AS position, grp, ord, grp >= 0 AND NOT $implied AS counted,
  ((row_number() OVER (ORDER BY ord, grp DESC) - 1) // $groups_per_slice)::INTEGER AS slice
FROM asked_name ORDER BY position;
