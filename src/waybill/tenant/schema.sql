-- The tenant as one immutable DuckDB file. Base tables are filled by ingest; everything under
-- "derived" is computed once, by derive/*.sql, when the snapshot is built.
-- Integer keys inside, GUIDs only as attributes. Sources: tenant-data.md 6, insights.md 3.

-- Facts about the snapshot itself: format, tenant, tenant_name, as_of, source, default_domain,
-- show_everyone_claim, show_all_users_claim ('true'/'false', insights.md 3.7),
-- directory_complete ('true' when a missing id proves deletion; MGDC pulls cannot prove it).
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
  reported_users BIGINT           -- member count the source states for a group it does not list
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
