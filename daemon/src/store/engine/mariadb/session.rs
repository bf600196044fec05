//! Connects, and sets what every session needs.

use std::time::Duration;

use data_encoding::HEXLOWER;
use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use photoprism_protocol::secret::Secret;

use super::STATEMENTS;
use super::error::{is_missing_schema, is_refused_login, message};
use crate::clock::random;
use crate::failpoints::{Failpoint, enabled};
use crate::server_address::{Host, ServerAddress};
use crate::store::error::StoreError;

/// How long the server may be silent in the middle of a statement. It gives up waiting for a lock
/// after 5 s by itself.
const SILENCE: Duration = Duration::from_secs(15);

/// The same for tests.
const SHORT_SILENCE: Duration = Duration::from_secs(1);

/// Time without a packet after which the system asks whether the server is still there, in ms.
const KEEP_ALIVE_MS: u32 = 10_000;

/// The largest packet, as a server with its defaults takes it.
const MOST_PACKET: usize = 16 * 1024 * 1024;

/// The oldest server that is known to work.
const OLDEST: (u16, u16, u16) = (10, 5, 12);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Use {
    /// It reads and writes.
    Write,
    /// It reads what is asked for meanwhile.
    Read,
    /// It reads much at once, for as long as that takes.
    ReadAll,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum ConnectError {
    /// Who logs in, or with what, is refused.
    Login(String),
    /// There is no such schema.
    NoSchema(String),
    /// It is not a server that is supported.
    Server(String),
    /// It cannot be reached, or does not answer.
    Unreachable(String),
}

impl ConnectError {
    pub(super) fn into_unreachable(self) -> StoreError {
        let (Self::Login(why) | Self::NoSchema(why) | Self::Server(why) | Self::Unreachable(why)) =
            self;
        StoreError::Unreachable(why)
    }
}

/// The error of KILL where there is no such connection.
const NO_SUCH_THREAD: u16 = 1094;

/// Seconds after which the server ends a transaction in which nothing is asked of it.
pub(super) const IDLE: &str = "10";

/// The same while a backup is written in it: at a million sessions that takes a minute.
pub(super) const LONG_IDLE: &str = "600";

/// What is set, and what it reads as afterwards.
const SETTINGS: [(&str, &str); 7] = [
    ("autocommit", "1"),
    (
        "sql_mode",
        "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_ENGINE_SUBSTITUTION",
    ),
    ("time_zone", "+00:00"),
    // A day by default, and a dump locks every table.
    ("lock_wait_timeout", "5"),
    ("innodb_lock_wait_timeout", "5"),
    ("idle_transaction_timeout", IDLE),
    ("wait_timeout", "60"),
];

/// The same on a connection that only reads.
const READING: (&str, &str) = ("max_statement_time", "10.000000");

pub(super) fn connect(
    address: &ServerAddress,
    what_for: Use,
) -> Result<(Conn, String, Lock), ConnectError> {
    let mut conn = Conn::new(options(address)).map_err(|error| refused(&error))?;
    let failed = |error: mysql::Error| refused(&error);
    let version: Option<String> = conn.query_first("SELECT VERSION()").map_err(failed)?;
    let version = version.unwrap_or_default();
    check_version(&version)?;
    conn.query_drop("SET NAMES utf8mb4").map_err(failed)?;
    let settings = SETTINGS.into_iter().chain((what_for == Use::Read).then_some(READING));
    for (name, value) in settings {
        set(&mut conn, name, value)?;
    }
    set_isolation(&mut conn)?;
    let is_cluster: Option<String> =
        conn.query_first("SELECT @@global.wsrep_on").or(Ok(None)).map_err(failed)?;
    if is_cluster.as_deref() == Some("1") {
        set(&mut conn, "wsrep_sync_wait", "1")?;
    }
    let lock = Lock::take(&mut conn);
    Ok((conn, version, lock))
}

/// A lock of the server that is held as long as a connection lives: ids of connections begin again
/// after a restart, and PhotoPrism may use the same account.
#[derive(Debug)]
pub(super) struct Lock {
    name: String,
    id: u32,
}

impl Lock {
    /// Some clusters have no such locks: then the connection ends by its own time-out.
    fn take(conn: &mut Conn) -> Self {
        let mut bytes = [0; 16];
        random(&mut bytes);
        let name = format!("photoprismd-{}", HEXLOWER.encode(&bytes));
        let _: Result<Option<u8>, _> = conn.exec_first("SELECT GET_LOCK(?, 0)", (&name,));
        Self { name, id: conn.connection_id() }
    }

    /// Ends the connection that has it.
    pub(super) fn end(&self, conn: &mut Conn) -> Result<(), mysql::Error> {
        let used = "SELECT IS_USED_LOCK(?)";
        let holder: Option<Option<u32>> = conn.exec_first(used, (&self.name,)).unwrap_or(None);
        if holder.flatten() != Some(self.id) {
            return Ok(());
        }
        match conn.query_drop(format!("KILL {}", self.id)) {
            // It has ended meanwhile.
            Err(mysql::Error::MySqlError(error)) if error.code == NO_SUCH_THREAD => Ok(()),
            ended => ended,
        }
    }
}

fn options(address: &ServerAddress) -> OptsBuilder {
    let silence = if enabled(Failpoint::ShortSilence) { SHORT_SILENCE } else { SILENCE };
    let options = OptsBuilder::new()
        .user(Some(&address.user))
        .pass(address.password.as_ref().map(Secret::expose))
        .db_name(Some(&address.schema))
        // Otherwise 127.0.0.1 becomes the socket of another server.
        .prefer_socket(false)
        .max_allowed_packet(Some(MOST_PACKET))
        .stmt_cache_size(STATEMENTS)
        .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
        .tcp_keepalive_time_ms(Some(KEEP_ALIVE_MS))
        .tcp_connect_timeout(Some(address.connect_timeout))
        .read_timeout(Some(silence))
        .write_timeout(Some(silence));
    match &address.host {
        Host::Tcp { name, port } => options.ip_or_hostname(Some(name)).tcp_port(*port),
        Host::Socket(path) => options.socket(Some(path.to_string_lossy())),
    }
}

/// Sets a variable of the session, and reads it back: a server that does not know it, or ignores
/// it, would behave as nobody expects.
fn set(conn: &mut Conn, name: &str, value: &str) -> Result<(), ConnectError> {
    let failed = |error: mysql::Error| refused(&error);
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let quote = if is_number { "" } else { "'" };
    let text = format!("SET SESSION {name} = {quote}{value}{quote}");
    conn.query_drop(text).map_err(failed)?;
    let found: Option<String> =
        conn.query_first(format!("SELECT @@session.{name}")).map_err(failed)?;
    let found = found.unwrap_or_default();
    check(name, &found, value)
}

fn check(name: &str, found: &str, value: &str) -> Result<(), ConnectError> {
    if sorted(found) == sorted(value) {
        return Ok(());
    }
    Err(ConnectError::Server(format!("the server has {name}={found} after it was set to {value}")))
}

/// The variable has another name from MariaDB 11.1 on.
fn set_isolation(conn: &mut Conn) -> Result<(), ConnectError> {
    let failed = |error: mysql::Error| refused(&error);
    conn.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").map_err(failed)?;
    let found: Option<String> = conn
        .query_first("SELECT @@session.transaction_isolation")
        .or_else(|_| conn.query_first("SELECT @@session.tx_isolation"))
        .map_err(failed)?;
    check("transaction_isolation", &found.unwrap_or_default(), "READ-COMMITTED")
}

fn sorted(list: &str) -> Vec<&str> {
    let mut words: Vec<&str> = list.split(',').collect();
    words.sort_unstable();
    words
}

/// Refuses what is not MariaDB, or too old.
fn check_version(version: &str) -> Result<(), ConnectError> {
    if !version.to_ascii_lowercase().contains("mariadb") {
        return Err(ConnectError::Server(format!(
            "the server is not MariaDB: it says that it is {version}; MySQL and TiDB are not \
             supported"
        )));
    }
    // Some servers have a number in front for old clients.
    let number = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = number.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
    let mut next = || numbers.next().flatten().unwrap_or(0);
    if (next(), next(), next()) < OLDEST {
        return Err(ConnectError::Server(format!(
            "the server is MariaDB {version}; 10.5.12 is the oldest that is supported"
        )));
    }
    Ok(())
}

fn refused(error: &mysql::Error) -> ConnectError {
    let text = message(error);
    if is_refused_login(error) {
        ConnectError::Login(text)
    } else if is_missing_schema(error) {
        ConnectError::NoSchema(text)
    } else {
        ConnectError::Unreachable(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mariadb_that_is_new_enough_is_taken() {
        for version in ["10.5.12-MariaDB", "5.5.5-10.11.19-MariaDB-deb12", "11.8.9-MariaDB-ubu"] {
            assert_eq!(check_version(version), Ok(()), "{version}");
        }
        for version in ["8.0.41", "8.0.11-TiDB-v8.5.0", "10.5.11-MariaDB", "5.5.68-MariaDB", ""] {
            assert!(matches!(check_version(version), Err(ConnectError::Server(_))), "{version}");
        }
    }
}
