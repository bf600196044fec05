-- Schema 2: failures and successes alone are found in the order of the list.

CREATE INDEX idx_audit_logins_failed
  ON audit_logins (updated_at DESC, client_ip, login_name, login_realm) WHERE login_status <> 'OK';
CREATE INDEX idx_audit_logins_succeeded
  ON audit_logins (updated_at DESC, client_ip, login_name, login_realm) WHERE login_status = 'OK';
