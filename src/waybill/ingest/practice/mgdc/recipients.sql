-- Everybody as SharedWith, Members and Owner structs name them (tenant-data.md 1.2, 1.3).
-- A group counts everybody nested in it; where nobody can know, the count stays away.
CREATE TEMP TABLE recipient AS
WITH kinds AS (
  SELECT p.*, coalesce(p.entra_id, g.entra_id) AS guid, h.users,
    CASE WHEN p.kind IN ('user', 'application') THEN 'User' WHEN p.kind = 'sp_group' THEN 'SharePointGroup' ELSE 'SecurityGroup' END AS sort
  FROM principal p LEFT JOIN principal g ON g.id = p.of_group LEFT JOIN headcount h ON h.principal = p.id
  WHERE p.kind <> 'link'
),
typed AS (
  SELECT *, CASE WHEN sort <> 'User' THEN sort WHEN user_type = 'B2B direct' THEN 'B2BUser' WHEN external THEN 'ExternalUser'
                 ELSE 'InternalUser' END AS type_v2,
    CASE WHEN sort <> 'User' THEN sort WHEN external THEN 'External' ELSE 'Internal' END AS share_type,
    CASE WHEN sort = 'User' THEN 1 ELSE users END AS user_count
  FROM kinds
)
-- One JSON text each, made once: a row that names hundreds of people only strings them together.
SELECT id AS principal, guid, name, email, upn, user_count,
  to_json({'Type': share_type, 'Name': name, 'Email': email, 'AadObjectId': guid, 'UPN': upn, 'TypeV2': type_v2,
           'UserCount': user_count, 'UserLoginName': login}) AS shared,
  to_json({'Type': sort, 'AadObjectId': guid, 'Name': name, 'Email': email, 'TypeV2': type_v2, 'LoginName': login, 'UPN': upn}) AS member
FROM typed;
CREATE TEMP TABLE author AS
SELECT upn, any_value(name) AS name, any_value(email) AS email FROM principal WHERE kind = 'user' AND upn IS NOT NULL GROUP BY upn;
