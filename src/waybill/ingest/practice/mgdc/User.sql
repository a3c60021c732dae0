-- The directory's people. A real pull leaves out guests and blocked accounts (tenant-data.md 1.6); here they
-- are in, so that the round trip keeps what it can. Accounts deleted for good are gone, and people of other
-- organisations on shared channels (B2B direct connect) have none.
SELECT u.entra_id AS id, u.upn AS "userPrincipalName", u.email AS mail, u.name AS "displayName",
  f.given_name AS "givenName", f.surname, u.user_type AS "userType", f.job_title AS "jobTitle", f.department,
  f.company AS "companyName", f.office AS "officeLocation", f.city, f.country, f.usage_location AS "usageLocation",
  f.language AS "preferredLanguage", f.employee_id AS "employeeId", f.mobile_phone AS "mobilePhone",
  CASE WHEN f.business_phone IS NULL THEN [] ELSE [f.business_phone] END AS "businessPhones",
  strftime(f.password_changed_at, '%Y-%m-%dT%H:%M:%SZ') AS "lastPasswordChangeDateTime",
  coalesce(l.skus, []) AS "assignedLicenses",
  u.status NOT IN ('blocked', 'soft_deleted') AS "accountEnabled", strftime(u.created_at, '%Y-%m-%dT%H:%M:%SZ') AS "createdDateTime",
  CASE WHEN u.status = 'soft_deleted' THEN '2026-05-20T10:00:00Z' END AS "deletedDateTime",
  u.entra_id AS puser, getvariable('ptenant') AS ptenant
FROM principal u
LEFT JOIN profile f ON f.principal = u.id
LEFT JOIN (SELECT principal, list({'skuId': sku, 'disabledPlans': []::VARCHAR[]} ORDER BY sku) AS skus FROM license GROUP BY principal) l
  ON l.principal = u.id
WHERE u.kind = 'user' AND u.entra_id IS NOT NULL AND u.status NOT IN ('deleted', 'id_mismatch') AND u.user_type <> 'B2B direct'
  AND u.id % getvariable('parts') = getvariable('part')
ORDER BY u.id
