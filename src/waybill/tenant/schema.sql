-- The tenant as one immutable DuckDB file. Base tables are filled by ingest; everything under
-- "derived" is computed once, by derive/*.sql, when the snapshot is built.
-- Integer keys inside, GUIDs only as attributes. Sources: tenant-data.md 6, insights.md 3.

-- Facts about the snapshot itself: format, tenant, tenant_name, as_of, source, default_domain,
-- show_everyone_claim, show_all_users_claim ('true'/'false', insights.md 3.7),
-- directory_complete ('true' when a missing id proves deletion; MGDC pulls cannot prove it),
-- activity_until ('YYYY-MM-DD', the last day whose activity is complete here; absent = no activity was loaded).
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);

-- Everybody and everything that can be named in an access list.
--  kind: user | security_group | mail_security_group | distribution_group | m365_group
--      | m365_owners (the owners claim `<guid>_o` of the m365_group in `of_group`)
--      | directory_role | external_group | sp_group (one site) | link (hidden link group)
--      | everyone | eeeu | all_windows | all_membership | application | unresolved
--  status: active | blocked | soft_deleted | deleted | id_mismatch | invited | unresolved
--      unresolved = the source names it but nothing loaded says who is in it.
CREATE TABLE principal (
  id INTEGER NOT NULL,            -- dense, from 0
  kind VARCHAR NOT NULL,
  entra_id VARCHAR,               -- lower-case GUID
  site INTEGER,                   -- sp_group and link: the site it belongs to
  sp_id BIGINT,                   -- sp_group: its number inside the site
  of_group INTEGER,               -- m365_owners: the group whose owners these are
  login VARCHAR,                  -- raw claim, as the source spells it
  upn VARCHAR, email VARCHAR, name VARCHAR NOT NULL,
  user_type VARCHAR,              -- users: Member | Guest | B2B direct
  external BOOLEAN NOT NULL,      -- insights.md 3.11
  status VARCHAR NOT NULL,
  membership VARCHAR,             -- groups: Assigned | Dynamic
  created_at TIMESTAMP, last_sign_in TIMESTAMP,
  reported_users BIGINT,          -- member count the source states for a group it does not list
  home_tenant VARCHAR             -- users of another organisation: its tenant id (lower-case GUID), if known
);

-- Who is directly in what. Containers: groups, sp_groups, directory roles. Link members are in
-- `invite`; owners of groups in `owner`.
CREATE TABLE member (container INTEGER NOT NULL, member INTEGER NOT NULL);
CREATE TABLE owner (grp INTEGER NOT NULL, principal INTEGER NOT NULL);

--  module: Microsoft Teams | SharePoint Online | OneDrive | Microsoft 365 Group (insights.md 3.9)
--  site_type: Team (standard) | Private channel | Shared channel | Group-connected | Communication
--           | Classic | OneDrive
--  state: Active | Read-only | No access | Archived | Restricted | Deleted
CREATE TABLE site (
  id INTEGER NOT NULL, guid VARCHAR NOT NULL, url VARCHAR NOT NULL, title VARCHAR NOT NULL,
  template VARCHAR, module VARCHAR NOT NULL, site_type VARCHAR NOT NULL, channel_name VARCHAR,
  privacy VARCHAR, external_sharing VARCHAR, label VARCHAR, grp INTEGER, state VARCHAR NOT NULL,
  scanned_at TIMESTAMP
);
CREATE TABLE site_admin (site INTEGER NOT NULL, principal INTEGER NOT NULL, is_primary BOOLEAN NOT NULL);
-- Associated groups of the root web: role Owners | Members | Visitors (references, not names: 3.3)
CREATE TABLE associated (site INTEGER NOT NULL, role VARCHAR NOT NULL, principal INTEGER NOT NULL);
-- Roster of a private or shared channel: what its site's groups are synced from (3.10)
CREATE TABLE channel_member (site INTEGER NOT NULL, principal INTEGER NOT NULL);

-- kind: root (root web = the site collection) | web (subsite) | list | library | folder | file | item
-- Exactly one root per site, parent NULL. has_acl: it owns its access list (root always does).
CREATE TABLE securable (
  id INTEGER NOT NULL, site INTEGER NOT NULL, parent INTEGER, kind VARCHAR NOT NULL,
  name VARCHAR NOT NULL, url VARCHAR NOT NULL, has_acl BOOLEAN NOT NULL, guid VARCHAR,
  modified_at TIMESTAMP, label VARCHAR, sensitivity VARCHAR, data_type VARCHAR
);

-- rank orders levels for "Highest Permission" (3.4), higher is stronger; limited: system-made
-- Limited Access, which grants no content. Site Collection Administrator is level 0, rank 1000.
CREATE TABLE level (id SMALLINT NOT NULL, name VARCHAR NOT NULL, rank SMALLINT NOT NULL, limited BOOLEAN NOT NULL);

-- One access list entry: on a securable with has_acl, a principal and one permission level.
CREATE TABLE acl (site INTEGER NOT NULL, securable INTEGER NOT NULL, principal INTEGER NOT NULL, level SMALLINT NOT NULL);

-- What is known about a hidden link group (principal.kind = 'link').
--  scope: anyone | organization | specific | existing; permission: View | Edit | Review
CREATE TABLE link (
  principal INTEGER NOT NULL, site INTEGER NOT NULL, securable INTEGER, link_id VARCHAR, share_id VARCHAR,
  scope VARCHAR NOT NULL, permission VARCHAR NOT NULL, created_by VARCHAR, created_at TIMESTAMP,
  expires_at TIMESTAMP, password BOOLEAN, block_download BOOLEAN
);
-- People and groups a link names; redeemed = has opened it. An organization link reaches only
-- redeemed people, a specific one all invitees, an anyone link nobody by name (3.8).
CREATE TABLE invite (link INTEGER NOT NULL, principal INTEGER NOT NULL, redeemed BOOLEAN NOT NULL);

-- What the source said but could not be placed: shown on Exceptions of every report it touches.
CREATE TABLE source_problem (
  severity VARCHAR NOT NULL, site INTEGER, object VARCHAR, principal VARCHAR, code VARCHAR NOT NULL, message VARCHAR NOT NULL
);

-- The person as the directory describes them, beyond `principal`. One row at most; NULL = not told.
CREATE TABLE profile (
  principal INTEGER NOT NULL, given_name VARCHAR, surname VARCHAR, job_title VARCHAR, department VARCHAR,
  company VARCHAR, office VARCHAR, city VARCHAR, country VARCHAR, usage_location VARCHAR, language VARCHAR,
  employee_id VARCHAR, mobile_phone VARCHAR, business_phone VARCHAR, account_enabled BOOLEAN,
  password_changed_at TIMESTAMP
);
-- state: Active | Suspended | Error ...; sku: lower-case GUID or the source's own name of the plan
CREATE TABLE license (principal INTEGER NOT NULL, sku VARCHAR NOT NULL, name VARCHAR, assigned_at TIMESTAMP, state VARCHAR);
CREATE TABLE manager (principal INTEGER NOT NULL, manager INTEGER NOT NULL);

-- A person's OneDrive. path: from the drive's root, "Documents/Trips/May.docx", no leading slash.
-- kind: folder | file. content: key for the file's bytes (Facts.content); NULL = the bytes are not held.
CREATE TABLE drive_item (
  owner INTEGER NOT NULL, path VARCHAR NOT NULL, kind VARCHAR NOT NULL, size BIGINT, created_at TIMESTAMP,
  modified_at TIMESTAMP, modified_by VARCHAR, content VARCHAR
);

-- What was where a person's files were loaded from (`waybill ingest files`) and could not be taken: exports name each.
-- path: as in drive_item, what cannot be printed escaped; '' = the whole drive. reason: half a sentence, "a symlink".
CREATE TABLE drive_problem (owner INTEGER NOT NULL, path VARCHAR NOT NULL, reason VARCHAR NOT NULL);

-- What a person did. workload: SharePoint | OneDrive | Teams | Exchange | Yammer | Entra ...
CREATE TABLE activity_event (
  principal INTEGER NOT NULL, "at" TIMESTAMP NOT NULL, workload VARCHAR NOT NULL, operation VARCHAR NOT NULL,
  object VARCHAR, site INTEGER, detail VARCHAR
);
-- Rows of the usage reports about a person, one a day; NULL = nothing told for that workload.
CREATE TABLE person_day (
  principal INTEGER NOT NULL, day DATE NOT NULL, files_viewed_or_edited BIGINT, files_synced BIGINT,
  files_shared_internally BIGINT, files_shared_externally BIGINT, pages_visited BIGINT,
  emails_sent BIGINT, emails_received BIGINT, emails_read BIGINT, chat_messages BIGINT, meetings BIGINT
);

-- Rows of Microsoft's usage reports about a person, as they were loaded (`waybill ingest usage`): sums over
-- a period, so they are kept beside `person_day`, not in it.
--  report: the report's call, 'getSharePointActivityUserDetail'. period: 7 | 30 | 90 | 180 days that end at
--  refresh_date; NULL = the report has none. position: order among a person's rows of one report.
--  row_json: a JSON object of the whole row, column heading -> its text; empty cells are null.
CREATE TABLE person_usage (
  principal INTEGER NOT NULL, report VARCHAR NOT NULL, refresh_date DATE NOT NULL, period INTEGER,
  position INTEGER NOT NULL, row_json VARCHAR NOT NULL
);

-- Microsoft 365 groups: state at the end of `activity_until` (meta), and activity by day (graph.md 6).
-- visibility: Public | Private. deleted_on: the day a deleted group was deleted (principal.status says that it is).
CREATE TABLE unified_group (
  grp INTEGER NOT NULL, visibility VARCHAR, mailbox_items BIGINT, mailbox_bytes BIGINT, site_files BIGINT,
  site_bytes BIGINT, deleted_on DATE
);
-- NULL = that workload told nothing of the group that day; 0 = it told that nothing happened.
CREATE TABLE group_day (
  grp INTEGER NOT NULL, day DATE NOT NULL, emails_received BIGINT, yammer_posted BIGINT, yammer_read BIGINT,
  yammer_liked BIGINT, pages_viewed BIGINT, channel_messages BIGINT, meetings BIGINT
);
-- Which file of the group's library somebody viewed, edited, shared or synced on a day: one row a file and day.
CREATE TABLE group_file_day (grp INTEGER NOT NULL, day DATE NOT NULL, file BIGINT NOT NULL);

-- Rows of Microsoft's own groups activity detail report, as they were loaded (`waybill ingest usage`):
-- where a row's period and refresh date are asked for, they are what is answered.
--  period: 7 | 30 | 90 | 180. concealed: names were hashed and ids zeroed at the source.
CREATE TABLE usage_report (
  refresh_date DATE NOT NULL, period INTEGER NOT NULL, position INTEGER NOT NULL, concealed BOOLEAN NOT NULL,
  display_name VARCHAR, is_deleted BOOLEAN, owner_upn VARCHAR, last_activity DATE, group_type VARCHAR,
  members BIGINT, external_members BIGINT, emails_received BIGINT, active_files BIGINT, yammer_posted BIGINT,
  yammer_read BIGINT, yammer_liked BIGINT, mailbox_items BIGINT, mailbox_bytes BIGINT, site_files BIGINT,
  site_bytes BIGINT, group_id VARCHAR, channel_messages BIGINT, meetings BIGINT
);

-- What became of the rows of usage reports about people (`waybill ingest usage`), by report, refresh date and
-- period; both NULL = a file in which no row could be read. taken: now in person_usage. concealed: the source hid
-- the name; unmatched: nobody, or several, have it; rejected: unreadable. Those three may concern anybody.
CREATE TABLE usage_load (
  report VARCHAR NOT NULL, refresh_date DATE, period INTEGER, taken BIGINT NOT NULL, concealed BIGINT NOT NULL,
  unmatched BIGINT NOT NULL, rejected BIGINT NOT NULL
);
