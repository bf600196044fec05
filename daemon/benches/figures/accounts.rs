//! Databases of many accounts.

use rusqlite::Connection;
use tempfile::TempDir;

/// Adds so many accounts to the database that a daemon created in a directory, while none runs there.
pub(crate) fn fill(directory: &TempDir, accounts: u32) {
    let database = Connection::open(directory.path().join("admin.db")).expect("the database");
    database
        .execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO auth_users (user_uid, user_name, display_name, user_email, user_role,
               auth_provider, can_login, created_at, updated_at)
             SELECT printf('us%06d%08d', i, i), printf('user%d', i), printf('User %d', i),
               printf('user%d@example.com', i), 'user', 'local', 1,
               '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00' FROM n",
            [accounts],
        )
        .expect("the rows");
}
