-- Schema 1: PhotoPrism's account tables, by its names and formats.
-- Text without a value is '', never NULL; a time that never was is NULL.

CREATE TABLE auth_users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_uuid VARCHAR(64) NOT NULL DEFAULT '',
  user_uid VARCHAR(42) NOT NULL DEFAULT '',
  auth_provider VARCHAR(128) NOT NULL DEFAULT '',
  auth_method VARCHAR(128) NOT NULL DEFAULT '',
  auth_issuer VARCHAR(255) NOT NULL DEFAULT '',
  auth_id VARCHAR(255) NOT NULL DEFAULT '',
  user_name VARCHAR(200) NOT NULL DEFAULT '',
  display_name VARCHAR(200) NOT NULL DEFAULT '',
  user_email VARCHAR(255) NOT NULL DEFAULT '',
  backup_email VARCHAR(255) NOT NULL DEFAULT '',
  user_role VARCHAR(64) NOT NULL DEFAULT '',
  user_attr VARCHAR(1024) NOT NULL DEFAULT '',
  super_admin BOOL NOT NULL DEFAULT 0,
  can_login BOOL NOT NULL DEFAULT 0,
  login_at DATETIME,
  expires_at DATETIME,
  webdav BOOL NOT NULL DEFAULT 0,
  base_path VARCHAR(1024) NOT NULL DEFAULT '',
  upload_path VARCHAR(1024) NOT NULL DEFAULT '',
  can_invite BOOL NOT NULL DEFAULT 0,
  invite_token VARCHAR(64) NOT NULL DEFAULT '',
  invited_by VARCHAR(64) NOT NULL DEFAULT '',
  verify_token VARCHAR(64) NOT NULL DEFAULT '',
  verified_at DATETIME,
  consent_at DATETIME,
  born_at DATETIME,
  reset_token VARCHAR(64) NOT NULL DEFAULT '',
  preview_token VARCHAR(64) NOT NULL DEFAULT '',
  download_token VARCHAR(64) NOT NULL DEFAULT '',
  thumb VARCHAR(128) NOT NULL DEFAULT '',
  thumb_src VARCHAR(8) NOT NULL DEFAULT '',
  ref_id VARCHAR(16) NOT NULL DEFAULT '',
  created_at DATETIME,
  updated_at DATETIME,
  deleted_at DATETIME
);

CREATE UNIQUE INDEX uix_auth_users_user_uid ON auth_users (user_uid);
CREATE INDEX idx_auth_users_user_name ON auth_users (user_name);
CREATE INDEX idx_auth_users_user_email ON auth_users (user_email);
CREATE INDEX idx_auth_users_deleted_at ON auth_users (deleted_at);
CREATE INDEX idx_auth_users_expires_at ON auth_users (expires_at);
CREATE INDEX idx_auth_users_auth_id ON auth_users (auth_id);
CREATE INDEX idx_auth_users_user_uuid ON auth_users (user_uuid);
CREATE INDEX idx_auth_users_invite_token ON auth_users (invite_token);
CREATE INDEX idx_auth_users_born_at ON auth_users (born_at);
CREATE INDEX idx_auth_users_thumb ON auth_users (thumb);
-- The prefix search on display names has no regard to ASCII case.
CREATE INDEX idx_auth_users_display_name ON auth_users (display_name COLLATE NOCASE);

CREATE TABLE auth_users_details (
  user_uid VARCHAR(42) NOT NULL DEFAULT '',
  subj_uid VARCHAR(42) NOT NULL DEFAULT '',
  subj_src VARCHAR(8) NOT NULL DEFAULT '',
  place_id VARCHAR(42) NOT NULL DEFAULT 'zz',
  place_src VARCHAR(8) NOT NULL DEFAULT '',
  cell_id VARCHAR(42) NOT NULL DEFAULT 'zz',
  birth_year INTEGER NOT NULL DEFAULT 0,
  birth_month INTEGER NOT NULL DEFAULT 0,
  birth_day INTEGER NOT NULL DEFAULT 0,
  name_title VARCHAR(32) NOT NULL DEFAULT '',
  given_name VARCHAR(64) NOT NULL DEFAULT '',
  middle_name VARCHAR(64) NOT NULL DEFAULT '',
  family_name VARCHAR(64) NOT NULL DEFAULT '',
  name_suffix VARCHAR(32) NOT NULL DEFAULT '',
  nick_name VARCHAR(64) NOT NULL DEFAULT '',
  name_src VARCHAR(8) NOT NULL DEFAULT '',
  user_gender VARCHAR(16) NOT NULL DEFAULT '',
  user_about VARCHAR(512) NOT NULL DEFAULT '',
  user_bio VARCHAR(2048) NOT NULL DEFAULT '',
  user_location VARCHAR(512) NOT NULL DEFAULT '',
  user_country VARCHAR(2) NOT NULL DEFAULT '',
  user_phone VARCHAR(32) NOT NULL DEFAULT '',
  site_url VARCHAR(512) NOT NULL DEFAULT '',
  profile_url VARCHAR(512) NOT NULL DEFAULT '',
  feed_url VARCHAR(512) NOT NULL DEFAULT '',
  avatar_url VARCHAR(512) NOT NULL DEFAULT '',
  org_title VARCHAR(64) NOT NULL DEFAULT '',
  org_name VARCHAR(128) NOT NULL DEFAULT '',
  org_email VARCHAR(255) NOT NULL DEFAULT '',
  org_phone VARCHAR(32) NOT NULL DEFAULT '',
  org_url VARCHAR(512) NOT NULL DEFAULT '',
  id_url VARCHAR(512) NOT NULL DEFAULT '',
  created_at DATETIME,
  updated_at DATETIME,
  PRIMARY KEY (user_uid)
);

CREATE TABLE auth_users_settings (
  user_uid VARCHAR(42) NOT NULL DEFAULT '',
  ui_theme VARCHAR(32) NOT NULL DEFAULT '',
  ui_language VARCHAR(32) NOT NULL DEFAULT '',
  ui_time_zone VARCHAR(64) NOT NULL DEFAULT '',
  maps_style VARCHAR(32) NOT NULL DEFAULT '',
  maps_animate INTEGER NOT NULL DEFAULT 0,
  index_path VARCHAR(1024) NOT NULL DEFAULT '',
  index_rescan INTEGER NOT NULL DEFAULT 0,
  import_path VARCHAR(1024) NOT NULL DEFAULT '',
  import_move INTEGER NOT NULL DEFAULT 0,
  download_originals INTEGER NOT NULL DEFAULT 0,
  download_media_raw INTEGER NOT NULL DEFAULT 0,
  download_media_sidecar INTEGER NOT NULL DEFAULT 0,
  upload_path VARCHAR(1024) NOT NULL DEFAULT '',
  default_page VARCHAR(128) NOT NULL DEFAULT '',
  created_at DATETIME,
  updated_at DATETIME,
  PRIMARY KEY (user_uid)
);

CREATE TABLE auth_users_shares (
  user_uid VARCHAR(42) NOT NULL DEFAULT '',
  share_uid VARCHAR(42) NOT NULL DEFAULT '',
  link_uid VARCHAR(42) NOT NULL DEFAULT '',
  expires_at DATETIME,
  comment VARCHAR(512) NOT NULL DEFAULT '',
  perm INTEGER NOT NULL DEFAULT 0,
  ref_id VARCHAR(16) NOT NULL DEFAULT '',
  created_at DATETIME,
  updated_at DATETIME,
  PRIMARY KEY (user_uid, share_uid)
);

CREATE TABLE passwords (
  uid VARCHAR(255) NOT NULL DEFAULT '',
  hash VARCHAR(255) NOT NULL DEFAULT '',
  created_at DATETIME,
  updated_at DATETIME,
  PRIMARY KEY (uid)
);

CREATE TABLE passcodes (
  uid VARCHAR(255) NOT NULL DEFAULT '',
  key_type VARCHAR(64) NOT NULL DEFAULT '',
  key_url VARCHAR(2048) NOT NULL DEFAULT '',
  recovery_code VARCHAR(255) NOT NULL DEFAULT '',
  verified_at DATETIME,
  activated_at DATETIME,
  created_at DATETIME,
  updated_at DATETIME,
  PRIMARY KEY (uid, key_type)
);

CREATE TABLE auth_sessions (
  id VARCHAR(2048) NOT NULL DEFAULT '',
  user_uid VARCHAR(42) NOT NULL DEFAULT '',
  user_name VARCHAR(200) NOT NULL DEFAULT '',
  client_uid VARCHAR(42) NOT NULL DEFAULT '',
  client_name VARCHAR(200) NOT NULL DEFAULT '',
  client_ip VARCHAR(64) NOT NULL DEFAULT '',
  auth_provider VARCHAR(128) NOT NULL DEFAULT '',
  auth_method VARCHAR(128) NOT NULL DEFAULT '',
  auth_issuer VARCHAR(255) NOT NULL DEFAULT '',
  auth_id VARCHAR(255) NOT NULL DEFAULT '',
  auth_scope VARCHAR(1024) NOT NULL DEFAULT '',
  grant_type VARCHAR(64) NOT NULL DEFAULT '',
  last_active BIGINT NOT NULL DEFAULT 0,
  sess_expires BIGINT NOT NULL DEFAULT 0,
  sess_timeout BIGINT NOT NULL DEFAULT 0,
  preview_token VARCHAR(64) NOT NULL DEFAULT '',
  download_token VARCHAR(64) NOT NULL DEFAULT '',
  access_token VARCHAR(4096) NOT NULL DEFAULT '',
  refresh_token VARCHAR(2048) NOT NULL DEFAULT '',
  id_token VARCHAR(2048) NOT NULL DEFAULT '',
  user_agent VARCHAR(512) NOT NULL DEFAULT '',
  data_json VARCHAR(4096) NOT NULL DEFAULT '',
  ref_id VARCHAR(16) NOT NULL DEFAULT '',
  login_ip VARCHAR(64) NOT NULL DEFAULT '',
  login_at DATETIME,
  created_at DATETIME,
  updated_at DATETIME,
  PRIMARY KEY (id)
);

CREATE INDEX idx_auth_sessions_user_uid ON auth_sessions (user_uid);
CREATE INDEX idx_auth_sessions_user_name ON auth_sessions (user_name);
CREATE INDEX idx_auth_sessions_client_uid ON auth_sessions (client_uid);
CREATE INDEX idx_auth_sessions_client_ip ON auth_sessions (client_ip);
CREATE INDEX idx_auth_sessions_sess_expires ON auth_sessions (sess_expires);
CREATE INDEX idx_auth_sessions_auth_id ON auth_sessions (auth_id);
