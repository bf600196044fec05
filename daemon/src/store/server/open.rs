//! Opens a schema of a server, once it is known to be PhotoPrism's.

use std::cell::RefCell;
use std::path::Path;

use tracing::warn;

use super::health::{Durability, durability};
use crate::server_address::ServerAddress;
use crate::store::columns::Columns;
use crate::store::db::Db;
use crate::store::detect::MIGRATE;
use crate::store::engine::{ConnectError, Connection, MariaDb, Use};
use crate::store::error::StoreError;
use crate::store::kind::photoprism_kind;
use crate::store::mark::Mark;
use crate::store::open_error::OpenError;
use crate::store::options::{OpenOptions, Running};
use crate::store::own_tables::OwnTables;
use crate::store::published::Opened;

/// The tables without which PhotoPrism has not finished its first start.
const PHOTOPRISM: [&str; 5] =
    ["versions", "migrations", "auth_users", "passwords", "auth_sessions"];

const TABLES: &str = "SELECT lower(table_name), ifnull(engine, '') FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'";

/// Opens it for the writer.
pub(in crate::store) fn open(
    options: &OpenOptions,
    address: &ServerAddress,
) -> Result<Db, OpenError> {
    let at =
        Place { address, path: &options.path, backups: &options.backups, running: options.running };
    let own_tables = OwnTables::new(options.cursor_key);
    at.open(Use::Write, own_tables)
}

/// Opens another connection to what the writer has open, for that use.
///
/// # Errors
/// [`StoreError::Unreachable`], or that of a statement.
pub(in crate::store) fn open_for_reading(
    opened: &Opened,
    address: &ServerAddress,
    what_for: Use,
) -> Result<Db, StoreError> {
    let at =
        Place { address, path: &opened.path, backups: &opened.backups, running: opened.running };
    at.open(what_for, OwnTables::default()).map_err(|error| match error {
        OpenError::NotThereYet => StoreError::Missing,
        error => StoreError::Unreachable(error.to_string()),
    })
}

/// The server may lose what it acknowledges.
fn warn_of_durability(durability: Durability) {
    let wrong = durability.wrong();
    if !wrong.is_empty() {
        warn!(
            "what the database server acknowledges may be lost in a power cut: {} should be 1",
            wrong.join(" and ")
        );
    }
}

/// What is opened.
struct Place<'a> {
    address: &'a ServerAddress,
    path: &'a Path,
    backups: &'a Path,
    running: Running,
}

impl Place<'_> {
    fn open(&self, what_for: Use, own_tables: OwnTables) -> Result<Db, OpenError> {
        let connected = MariaDb::connect(self.address, what_for);
        let conn = connected.map_err(|error| self.not_connected(error))?;
        let conn = Connection::from(conn);
        let failed = |error: StoreError| self.failed(&error);
        self.check_tables(&conn)?;
        let kind = photoprism_kind(&conn).map_err(failed)?;
        let columns = Columns::read(&conn).map_err(failed)?;
        if let Some(what) = columns.missing() {
            return Err(
                self.refused(&format!("it is a PhotoPrism database without {what}; {MIGRATE}"))
            );
        }
        if what_for == Use::Write {
            warn_of_durability(durability(&conn).map_err(failed)?);
        }
        Ok(Db {
            conn,
            kind,
            path: self.path.to_owned(),
            backups: self.backups.to_owned(),
            server: Some(self.address.clone()),
            columns,
            generation: RefCell::default(),
            own_tables,
            mark: Mark::default(),
            running: self.running,
        })
    }

    /// Refuses what is not PhotoPrism's, or not in `InnoDB`, and waits for what is not finished.
    fn check_tables(&self, conn: &Connection) -> Result<(), OpenError> {
        let tables = conn
            .prepare_once(TABLES)
            .and_then(|mut tables| tables.all(&[], |row| Ok((row.text(0)?, row.text(1)?))))
            .map_err(|error| self.failed(&error))?;
        let engine_of =
            |name: &str| tables.iter().find(|table| table.0 == name).map(|table| &table.1);
        let found = PHOTOPRISM.iter().filter(|name| engine_of(name).is_some()).count();
        if found == 0 && !tables.is_empty() {
            return Err(self.refused("it has tables, and none of PhotoPrism's"));
        }
        if found < PHOTOPRISM.len() {
            return Err(OpenError::NotThereYet);
        }
        let other = |name: &&&str| engine_of(name).is_some_and(|engine| engine != "InnoDB");
        match PHOTOPRISM[2..].iter().find(other) {
            None => Ok(()),
            Some(name) => Err(self.refused(&format!(
                "the table {name} is not in InnoDB, so that a change of it could not be undone: \
                 ALTER TABLE {name} ENGINE=InnoDB"
            ))),
        }
    }

    fn not_connected(&self, error: ConnectError) -> OpenError {
        let address = self.address;
        match error {
            ConnectError::Login(why) => OpenError::Setting(format!(
                "{address} refuses the login: {why}. The password may be wrong \
                 (--database-password-file), the user may have no grant for the address that this \
                 machine has there (an IPv6 one may be another user), or the account or the server \
                 demands TLS"
            )),
            ConnectError::NoSchema(_) => OpenError::NotThereYet,
            ConnectError::Server(why) => self.refused(&why),
            ConnectError::Unreachable(why) => {
                OpenError::Unreachable(format!("{address} cannot be reached: {why}"))
            }
        }
    }

    fn refused(&self, why: &str) -> OpenError {
        OpenError::Refused(format!("{} is not used: {why}", self.address))
    }

    fn failed(&self, error: &StoreError) -> OpenError {
        match error {
            StoreError::Unreachable(_) => OpenError::Unreachable(error.to_string()),
            error => OpenError::Storage(format!("{} cannot be used: {error}", self.address)),
        }
    }
}
