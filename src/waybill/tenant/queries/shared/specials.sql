-- Everyone-type claims in words and numbers (3.7): who they reach depends on two tenant settings.
CREATE OR REPLACE TEMP TABLE population_of AS
WITH flag AS (
  SELECT coalesce(max(value = 'true') FILTER (key = 'show_everyone_claim'), false) AS everyone,
         coalesce(max(value = 'true') FILTER (key = 'show_all_users_claim'), false) AS all_users FROM meta
)
SELECT k.kind, k.guests, p.usr, p.external
FROM (SELECT 'eeeu' AS kind, false AS guests FROM flag UNION ALL SELECT 'everyone', everyone FROM flag
      UNION ALL SELECT 'all_windows', all_users FROM flag UNION ALL SELECT 'all_membership', all_users FROM flag) k
JOIN person p ON p.status = 'active' AND (p.user_type = 'Member' OR k.guests)
WHERE k.kind IN (SELECT unnest($kinds::VARCHAR[]));
CREATE OR REPLACE TEMP TABLE special_rule_text AS
WITH flag AS (
  SELECT coalesce(max(value = 'true') FILTER (key = 'show_everyone_claim'), false) AS everyone,
         coalesce(max(value = 'true') FILTER (key = 'show_all_users_claim'), false) AS all_users FROM meta
), size AS (SELECT kind, count(*) AS people FROM population_of GROUP BY kind)
SELECT k.kind, 'All enabled members of the tenant (' || coalesce(n.people, 0) || ' people); guests: '
  || CASE k.kind WHEN 'eeeu' THEN 'never'
       WHEN 'everyone' THEN CASE WHEN f.everyone THEN 'yes, ShowEveryoneClaim is on' ELSE 'no, ShowEveryoneClaim is off' END
       ELSE CASE WHEN f.all_users THEN 'yes, ShowAllUsersClaim is on' ELSE 'no, ShowAllUsersClaim is off' END END || '.' AS rule,
  coalesce(n.people, 0) AS people
FROM (SELECT unnest($kinds::VARCHAR[]) AS kind) k CROSS JOIN flag f LEFT JOIN size n ON n.kind = k.kind;
