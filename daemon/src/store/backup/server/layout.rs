//! The tables of accounts as a server has them.

use crate::store::account_tables::{CLIENTS, PASSWORDS, Table};
use crate::store::db::{Db, Tx};
use crate::store::engine::Statement;
use crate::store::error::StoreError;

/// A column that PhotoPrism reads as bytes, and its SQLite driver only from such.
const BYTES: &str = "data_json";

/// What a column keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Times without an offset, with a fraction of a second or without.
    Time {
        /// It has one.
        fraction: bool,
    },
    Bytes,
    Other,
}

/// A column whose values are written, not computed.
#[derive(Clone, Debug)]
pub(super) struct ServerColumn {
    pub(super) name: String,
    pub(super) form: Form,
}

const COLUMNS: Statement<'_> = Statement::same(
    "SELECT column_name, data_type, ifnull(datetime_precision, 0) FROM information_schema.columns
     WHERE table_schema = DATABASE() AND lower(table_name) = ?1 AND extra NOT LIKE '%GENERATED%'
     ORDER BY ordinal_position",
);

/// The columns of a table; none where the schema lacks it. Clients that cannot belong to anybody are
/// no accounts'.
pub(super) fn columns(db: &Db, table: &Table) -> Result<Vec<ServerColumn>, StoreError> {
    let columns = db.all(COLUMNS, &[table.name.into()], |row| {
        let (name, kind) = (row.text(0)?, row.text(1)?);
        let form = match kind.as_str() {
            "datetime" | "timestamp" => Form::Time { fraction: row.integer(2)? > 0 },
            _ if name == BYTES => Form::Bytes,
            _ => Form::Other,
        };
        Ok(ServerColumn { name, form })
    })?;
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    if *table == CLIENTS && !(has("user_uid") && has("client_uid")) {
        return Ok(Vec::new());
    }
    Ok(columns)
}

/// Whether the schema has clients that belong to users.
pub(in crate::store::backup) fn server_has_clients(db: &Db) -> Result<bool, StoreError> {
    Ok(!columns(db, &CLIENTS)?.is_empty())
}

/// Which rows of a table belong to accounts, where clients of users count among them or not.
pub(super) fn which(table: &Table, clients: bool) -> &'static str {
    match (*table == CLIENTS, *table == PASSWORDS) {
        (true, _) => "user_uid <> ''",
        (_, true) if clients => {
            "(uid LIKE BINARY 'u%'
              OR uid IN (SELECT client_uid FROM auth_clients WHERE user_uid <> ''))"
        }
        (_, true) => "uid LIKE BINARY 'u%'",
        _ => "1",
    }
}

/// Deletes what is accounts' of a table; those that refer to others go before them.
pub(in crate::store::backup) fn remove_on_server(
    tx: &Tx<'_>,
    table: &Table,
    clients: bool,
) -> Result<u64, StoreError> {
    if columns(tx, table)?.is_empty() {
        return Ok(0);
    }
    let delete = format!("DELETE FROM {} WHERE {}", table.name, which(table, clients));
    tx.change(Statement::same(&delete), &[])
}

/// A name as the server takes any.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Names for a list of columns.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}
