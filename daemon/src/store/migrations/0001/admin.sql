-- Schema 1: the daemon's own tables, in either kind of database.

CREATE TABLE IF NOT EXISTS admin_meta (
  key VARCHAR(64) PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS admin_audit (
  number INTEGER PRIMARY KEY,
  at BIGINT NOT NULL,
  uid INTEGER NOT NULL,
  gid INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  socket VARCHAR(16) NOT NULL,
  command VARCHAR(64) NOT NULL,
  target VARCHAR(255) NOT NULL,
  hash VARCHAR(64) NOT NULL
);

CREATE TABLE IF NOT EXISTS admin_idempotency (
  uid INTEGER NOT NULL,
  key VARCHAR(64) NOT NULL,
  command VARCHAR(64) NOT NULL,
  fingerprint BLOB NOT NULL,
  password_of VARCHAR(42) NOT NULL,
  result TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (uid, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idx_admin_idempotency_created_at ON admin_idempotency (uid, created_at);

CREATE TABLE IF NOT EXISTS admin_limits (
  kind VARCHAR(16) NOT NULL,
  subject VARCHAR(255) NOT NULL,
  taken REAL NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (kind, subject)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS admin_passcode_steps (
  uid VARCHAR(255) PRIMARY KEY,
  step BIGINT NOT NULL
) WITHOUT ROWID;
