-- The daemon's own tables that only PhotoPrism's database has: a database of our own has no other
-- program that could write back what was ended.

CREATE TABLE IF NOT EXISTS admin_ended (
  session_id VARCHAR(64) PRIMARY KEY,
  ref_id VARCHAR(16) NOT NULL,
  user_uid VARCHAR(42) NOT NULL,
  seen_at BIGINT NOT NULL,
  state VARCHAR(16) NOT NULL,
  saved_row TEXT NOT NULL,
  claimed_by VARCHAR(64) NOT NULL,
  claimed_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idx_admin_ended_seen_at ON admin_ended (seen_at);

CREATE TABLE IF NOT EXISTS admin_changed (
  user_uid VARCHAR(42) PRIMARY KEY,
  user_name VARCHAR(255) NOT NULL,
  changed_at BIGINT NOT NULL,
  rights TEXT NOT NULL,
  made_here TEXT NOT NULL,
  reported TEXT NOT NULL
) WITHOUT ROWID;
