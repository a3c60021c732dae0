-- The words reports use for what the tables hold in short (column values of insights.md 2).
CREATE OR REPLACE TEMP MACRO object_type(kind) AS CASE kind
  WHEN 'root' THEN 'Site Collection' WHEN 'web' THEN 'Site' WHEN 'list' THEN 'List' WHEN 'library' THEN 'Library'
  WHEN 'folder' THEN 'Folder' WHEN 'file' THEN 'File' ELSE 'List Item' END;
CREATE OR REPLACE TEMP MACRO principal_type(kind, external, status) AS CASE
  WHEN status IN ('deleted', 'soft_deleted') THEN 'Deleted Principal'
  WHEN kind = 'user' AND external THEN 'External User' WHEN kind = 'user' THEN 'User'
  WHEN kind = 'sp_group' THEN 'SharePoint Group' WHEN kind = 'security_group' THEN 'Security Group'
  WHEN kind = 'mail_security_group' THEN 'Mail-enabled Security Group'
  WHEN kind = 'distribution_group' THEN 'Distribution Group'
  WHEN kind IN ('m365_group', 'm365_owners') THEN 'Microsoft 365 Group'
  WHEN kind IN ('everyone', 'eeeu', 'all_windows', 'all_membership') THEN 'Special Group'
  WHEN kind = 'directory_role' THEN 'Directory Role' WHEN kind = 'link' THEN 'Sharing Link'
  WHEN kind = 'application' THEN 'Application' WHEN kind = 'external_group' THEN 'External Group'
  ELSE 'Unresolved Principal' END;
CREATE OR REPLACE TEMP MACRO status_word(status) AS CASE status
  WHEN 'active' THEN 'Active' WHEN 'blocked' THEN 'Blocked' WHEN 'soft_deleted' THEN 'Soft-deleted'
  WHEN 'deleted' THEN 'Deleted' WHEN 'id_mismatch' THEN 'Id mismatch' WHEN 'invited' THEN 'Invited'
  ELSE 'Unresolved' END;
CREATE OR REPLACE TEMP MACRO link_type(scope) AS CASE scope
  WHEN 'anyone' THEN 'Anyone' WHEN 'organization' THEN 'People in your organization'
  WHEN 'specific' THEN 'Specific people' WHEN 'existing' THEN 'People with existing access' END;
CREATE OR REPLACE TEMP MACRO link_name(scope) AS CASE scope
  WHEN 'anyone' THEN 'Anyone with the link' WHEN 'organization' THEN 'People in your organization with the link'
  WHEN 'specific' THEN 'Specific people with the link' WHEN 'existing' THEN 'People with existing access' END;
CREATE OR REPLACE TEMP MACRO is_special(kind) AS kind IN ('everyone', 'eeeu', 'all_windows', 'all_membership');
CREATE OR REPLACE TEMP MACRO on_object(kind, name) AS CASE kind
  WHEN 'root' THEN 'site' WHEN 'web' THEN 'subsite "' || name || '"' WHEN 'list' THEN 'list "' || name || '"'
  WHEN 'library' THEN 'library "' || name || '"' WHEN 'folder' THEN 'folder "' || name || '"'
  WHEN 'file' THEN 'file "' || name || '"' ELSE 'list item "' || name || '"' END;
CREATE OR REPLACE TEMP MACRO member_type(kind, user_type, external) AS CASE
  WHEN kind = 'user' AND (user_type = 'Guest' OR (user_type IS NULL AND external)) THEN 'Guest'
  WHEN kind = 'user' THEN 'User' WHEN kind = 'application' THEN 'Service principal' ELSE 'Group' END;
CREATE OR REPLACE TEMP MACRO sign_in_bucket(last_sign_in, as_of) AS CASE
  WHEN last_sign_in IS NULL THEN 'Unknown' WHEN last_sign_in >= as_of - INTERVAL 30 DAY THEN 'Within 30 days'
  WHEN last_sign_in >= as_of - INTERVAL 90 DAY THEN '31 to 90 days'
  WHEN last_sign_in >= as_of - INTERVAL 180 DAY THEN '91 to 180 days' ELSE 'More than 180 days' END;
