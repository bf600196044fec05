-- Schema 1: the record of logins, by PhotoPrism's name and format. Its community edition has none:
-- there the daemon makes it.

CREATE TABLE audit_logins (
  client_ip VARCHAR(64) NOT NULL DEFAULT '',
  login_name VARCHAR(64) NOT NULL DEFAULT '',
  login_realm VARCHAR(64) NOT NULL DEFAULT '',
  login_status VARCHAR(32) NOT NULL DEFAULT '',
  error_message VARCHAR(512) NOT NULL DEFAULT '',
  error_repeated BIGINT NOT NULL DEFAULT 0,
  client_browser VARCHAR(512) NOT NULL DEFAULT '',
  login_at DATETIME,
  failed_at DATETIME,
  banned_at DATETIME,
  created_at DATETIME,
  updated_at DATETIME,
  PRIMARY KEY (client_ip, login_name, login_realm)
);

-- The order of the list, and of what goes first when there are too many.
CREATE INDEX idx_audit_logins_updated_at
  ON audit_logins (updated_at DESC, client_ip, login_name, login_realm);
CREATE INDEX idx_audit_logins_login_name ON audit_logins (login_name, updated_at DESC);
CREATE INDEX idx_audit_logins_never ON audit_logins (updated_at) WHERE login_at IS NULL;
