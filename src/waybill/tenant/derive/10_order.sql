-- A fixed order for every report: module, site URL, path, principal (insights.md 2.3), as integers,
-- so that sorting millions of rows compares numbers and two runs differ only where the tenant does.
CREATE TABLE site_order AS
  SELECT id AS site, row_number() OVER (ORDER BY module, lower(url), guid, id)::INTEGER AS ord FROM site;
CREATE TABLE principal_order AS
  SELECT id AS principal, row_number() OVER (ORDER BY lower(name), coalesce(lower(upn), ''), coalesce(entra_id, ''), id)::INTEGER AS ord
  FROM principal;
