-- What the directory knows of people beyond the name. A person's own row counts before a manager's.
CREATE TEMP TABLE described AS
WITH told AS (
  SELECT 1 AS rank, id AS puser, * EXCLUDE (ptenant, SnapshotDate, Operation) FROM landed.User
  UNION ALL BY NAME
  SELECT 2 AS rank, * EXCLUDE (ptenant, SnapshotDate, Operation) FROM landed.Manager
)
SELECT p.id AS principal, t.* FROM told t JOIN principal p ON p.entra_id = t.id AND p.kind = 'user'
QUALIFY row_number() OVER (PARTITION BY t.id ORDER BY t.rank, t.puser) = 1;

INSERT INTO profile BY NAME
SELECT principal, givenName AS given_name, surname, jobTitle AS job_title, department, companyName AS company,
  officeLocation AS office, city, country, usageLocation AS usage_location, preferredLanguage AS language,
  employeeId AS employee_id, mobilePhone AS mobile_phone, array_to_string(businessPhones, ', ') AS business_phone,
  accountEnabled AS account_enabled, lastPasswordChangeDateTime AS password_changed_at
FROM described ORDER BY principal;
UPDATE profile SET business_phone = NULL WHERE business_phone = '';

-- A licence is told by its number alone; since when, and in what state, is not.
INSERT INTO license BY NAME
SELECT DISTINCT principal, lower(sku) AS sku FROM (SELECT principal, unnest(skus) AS sku FROM described) ORDER BY ALL;

INSERT INTO manager
SELECT DISTINCT u.id, m.id FROM landed.Manager r
JOIN principal u ON u.entra_id = r.puser AND u.kind = 'user'
JOIN principal m ON m.entra_id = r.id AND m.kind = 'user'
ORDER BY ALL;
