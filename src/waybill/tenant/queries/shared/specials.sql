-- Everyone-type claims in words and numbers (3.7): who they reach depends on two tenant settings.
CREATE OR REPLACE TEMP TABLE special_rule_text AS
WITH flag AS (
  SELECT coalesce(max(value = 'true') FILTER (key = 'show_everyone_claim'), false) AS everyone,
         coalesce(max(value = 'true') FILTER (key = 'show_all_users_claim'), false) AS all_users FROM meta
),
kind_of AS (
  SELECT k.kind, CASE k.kind WHEN 'eeeu' THEN false WHEN 'everyone' THEN f.everyone ELSE f.all_users END AS guests
  FROM (SELECT unnest($kinds::VARCHAR[]) AS kind) k CROSS JOIN flag f
),
size AS (
  SELECT user_type = 'Member' AS member, count(*) AS people, count(*) FILTER (external) AS external_people
  FROM person WHERE status = 'active' GROUP BY member
)
SELECT k.kind, 'All enabled members of the tenant (' || coalesce(sum(n.people), 0)::BIGINT || ' people); guests: '
  || CASE k.kind WHEN 'eeeu' THEN 'never'
       WHEN 'everyone' THEN CASE WHEN k.guests THEN 'yes, ShowEveryoneClaim is on' ELSE 'no, ShowEveryoneClaim is off' END
       ELSE CASE WHEN k.guests THEN 'yes, ShowAllUsersClaim is on' ELSE 'no, ShowAllUsersClaim is off' END END || '.' AS rule,
  coalesce(sum(n.people), 0)::BIGINT AS people, coalesce(sum(n.external_people), 0)::BIGINT AS external_people
FROM kind_of k LEFT JOIN size n ON n.member OR k.guests GROUP BY k.kind, k.guests;
