//! What a server reports about itself, for `doctor`.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Stopwatch;
use crate::store::db::Db;
use crate::store::engine::{Connection, Statement};
use crate::store::error::StoreError;

/// Pairs of names that are returned at most.
const MOST_PAIRS: usize = 20;

/// The state of a server and of PhotoPrism's tables in it.
#[derive(Clone, Debug)]
pub struct ServerHealth {
    /// Its version.
    pub version: String,
    /// How long it took to answer the smallest question.
    pub round_trip: Duration,
    /// The collations of names, the usual one alone.
    pub collations: Vec<String>,
    /// Whether what it acknowledges is on its disk.
    pub durability: Durability,
    /// Nothing can be written.
    pub is_read_only: bool,
    /// Seconds by which its clock is ahead of this machine's, negative where behind.
    pub ahead_s: i64,
    /// Account tables that are not in `InnoDB`.
    pub other_engines: Vec<String>,
    /// Names or emails that two accounts have.
    pub doubles: Vec<String>,
    /// The state of a Galera cluster's node; `None` without a cluster.
    pub cluster: Option<String>,
}

/// Whether what a server acknowledges is on its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durability {
    /// `innodb_flush_log_at_trx_commit`: 1 where it is.
    pub flush_log: i64,
    /// `sync_binlog`, where there is a binary log: 1 where it is.
    pub sync_binlog: Option<i64>,
}

impl Durability {
    /// The variables that have to be 1, and are not.
    pub fn wrong(self) -> Vec<&'static str> {
        let flush = (self.flush_log != 1).then_some("innodb_flush_log_at_trx_commit");
        let sync = self.sync_binlog.is_some_and(|sync| sync != 1).then_some("sync_binlog");
        flush.into_iter().chain(sync).collect()
    }
}

const DURABILITY: &str =
    "SELECT @@global.innodb_flush_log_at_trx_commit, @@global.log_bin, @@global.sync_binlog";

pub(super) fn durability(conn: &Connection) -> Result<Durability, StoreError> {
    let found = conn.prepare_once(DURABILITY)?.one(&[], |row| {
        let sync_binlog = row.flag(1)?.then(|| row.integer(2)).transpose()?;
        Ok(Durability { flush_log: row.integer(0)?, sync_binlog })
    });
    found?.ok_or_else(no_variables)
}

fn no_variables() -> StoreError {
    StoreError::Other("the server has no variables".into())
}

const VARIABLES: Statement<'_> = Statement::same("SELECT @@global.read_only, unix_timestamp()");

const COLLATIONS: Statement<'_> = Statement::same(
    "SELECT DISTINCT collation_name FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = 'auth_users'
       AND column_name IN ('user_name', 'user_email') AND collation_name IS NOT NULL
     ORDER BY collation_name",
);

const OTHER_ENGINES: Statement<'_> = Statement::same(
    "SELECT table_name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'
       AND (table_name IN ('auth_users', 'auth_users_details', 'auth_users_settings',
         'auth_users_shares', 'passwords', 'passcodes', 'auth_sessions', 'audit_logins')
         OR left(table_name, 6) = 'admin_')
     ORDER BY table_name",
);

/// By the collation of the column, as PhotoPrism looks them up.
const DOUBLES: Statement<'_> = Statement::same(
    "SELECT group_concat(user_name ORDER BY id SEPARATOR ' and ') FROM auth_users
     WHERE id > 0 AND deleted_at IS NULL AND user_name <> ''
     GROUP BY user_name HAVING count(*) > 1 ORDER BY min(id) LIMIT ?1",
);

const DOUBLE_EMAILS: Statement<'_> = Statement::same(
    "SELECT group_concat(user_name ORDER BY id SEPARATOR ' and ') FROM auth_users
     WHERE id > 0 AND deleted_at IS NULL AND user_email <> ''
     GROUP BY user_email HAVING count(*) > 1 ORDER BY min(id) LIMIT ?1",
);

const CLUSTER: Statement<'_> = Statement::same(
    "SELECT variable_value FROM information_schema.global_status
     WHERE variable_name = 'wsrep_cluster_status'",
);

/// Asks the server; `None` where the database is a file. `now` is the time of this machine.
///
/// # Errors
/// Those of the statements.
pub fn server_health(db: &Db, now: Timestamp) -> Result<Option<ServerHealth>, StoreError> {
    let Some((_, version)) = db.server() else { return Ok(None) };
    let watch = Stopwatch::start();
    db.number(Statement::same("SELECT 1"), &[])?;
    let round_trip = watch.elapsed();
    let variables = db.one(VARIABLES, &[], |row| Ok((row.flag(0)?, row.integer(1)?)))?;
    let (is_read_only, clock) = variables.ok_or_else(no_variables)?;
    let texts = |statement| db.all(statement, &[], |row| row.text(0));
    let pairs = |statement| db.all(statement, &[MOST_PAIRS.into()], |row| row.text(0));
    let mut doubles = pairs(DOUBLES)?;
    doubles.extend(pairs(DOUBLE_EMAILS)?.into_iter().map(|pair| format!("{pair} by email")));
    let cluster = db.one(CLUSTER, &[], |row| row.text(0))?;
    Ok(Some(ServerHealth {
        version: version.to_owned(),
        round_trip,
        collations: texts(COLLATIONS)?,
        durability: durability(&db.conn)?,
        is_read_only,
        ahead_s: clock - now.as_second(),
        other_engines: texts(OTHER_ENGINES)?,
        doubles,
        cluster: cluster.filter(|state| !state.is_empty() && state != "Disconnected"),
    }))
}
