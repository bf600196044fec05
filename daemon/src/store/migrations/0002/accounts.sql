-- Schema 2: lists and searches are found by index, whatever there is.

-- The searches list accounts by id, most without deleted ones: they need no row.
DROP INDEX idx_auth_users_user_name;
CREATE INDEX idx_auth_users_user_name ON auth_users (user_name, id, deleted_at);
DROP INDEX idx_auth_users_user_email;
CREATE INDEX idx_auth_users_user_email ON auth_users (user_email, id, deleted_at);
DROP INDEX idx_auth_users_display_name;
CREATE INDEX idx_auth_users_display_name
  ON auth_users (display_name COLLATE NOCASE, id, deleted_at);

-- Nothing is looked for by these.
DROP INDEX idx_auth_users_expires_at;
DROP INDEX idx_auth_users_user_uuid;
DROP INDEX idx_auth_users_invite_token;
DROP INDEX idx_auth_users_born_at;
DROP INDEX idx_auth_users_thumb;
DROP INDEX idx_auth_sessions_client_ip;

-- The order of the list, and what is searched for: a search that many match is read along it.
CREATE INDEX idx_auth_sessions_last_active ON auth_sessions
  (last_active DESC, ifnull(created_at, '') DESC, user_name, id, client_name, auth_provider);
CREATE INDEX idx_auth_sessions_ref_id ON auth_sessions (ref_id);
-- Few values, and many sessions of each: those of one are in the order of the list.
CREATE INDEX idx_auth_sessions_client_name ON auth_sessions
  (client_name COLLATE NOCASE, last_active DESC, ifnull(created_at, '') DESC);
CREATE INDEX idx_auth_sessions_auth_provider ON auth_sessions
  (auth_provider, last_active DESC, ifnull(created_at, '') DESC);
-- Expired ones, by the time that they may go unused, and by the day on which they end, of which there
-- are few.
CREATE INDEX idx_auth_sessions_idle ON auth_sessions
  (sess_timeout, last_active DESC, ifnull(created_at, '') DESC);
DROP INDEX idx_auth_sessions_sess_expires;
CREATE INDEX idx_auth_sessions_sess_expires ON auth_sessions
  (sess_expires / 86400, last_active DESC, ifnull(created_at, '') DESC, sess_expires)
  WHERE sess_expires > 0;
