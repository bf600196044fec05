//! Reads which tables and columns a database has: PhotoPrism's versions differ.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::engine::{Connection, Dialect};
use super::error::StoreError;
use super::pragmas::is_attached;

/// What no command can do without. Any other missing column reads as NULL and is not written.
const NEEDED: [(&str, &[&str]); 3] = [
    (
        "auth_users",
        &[
            "id",
            "user_uid",
            "user_name",
            "display_name",
            "user_email",
            "user_role",
            "super_admin",
            "can_login",
            "auth_provider",
            "created_at",
            "updated_at",
            "deleted_at",
        ],
    ),
    ("passwords", &["uid", "hash", "created_at", "updated_at"]),
    (
        "auth_sessions",
        &[
            "id",
            "user_uid",
            "auth_provider",
            "auth_method",
            "auth_id",
            "auth_scope",
            "last_active",
            "sess_expires",
            "sess_timeout",
            "created_at",
            "updated_at",
        ],
    ),
];

/// The daemon's own tables.
const ADMIN: [&str; 5] =
    ["admin_meta", "admin_audit", "admin_idempotency", "admin_limits", "admin_passcode_steps"];

/// Columns of `audit_logins` as the daemon creates it.
const LOGINS: [&str; 12] = [
    "client_ip VARCHAR(64)",
    "login_name VARCHAR(64)",
    "login_realm VARCHAR(64)",
    "login_status VARCHAR(32)",
    "error_message VARCHAR(512)",
    "error_repeated BIGINT",
    "client_browser VARCHAR(512)",
    "login_at DATETIME",
    "failed_at DATETIME",
    "banned_at DATETIME",
    "created_at DATETIME",
    "updated_at DATETIME",
];

/// An index of `audit_logins` that the daemon creates, the last of them.
pub(super) const LOGINS_INDEX: &str = "idx_audit_logins_failed";

/// A row where the table `audit_logins` of a server is the daemon's: PhotoPrism gives no column a
/// character set of its own.
const OWN_LOGINS: &str = "SELECT 1 FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = 'audit_logins' AND column_name = 'client_ip'
       AND collation_name = 'ascii_bin'";

/// What exists, with statements that depend on it and are built once for each schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    tables: HashMap<String, HashSet<String>>,
    /// Columns whose declared type makes SQLite convert number-like texts to numbers.
    numeric: HashMap<String, HashSet<String>>,
    /// The `SELECT … FROM auth_users u` of the accounts, built at its first use.
    pub(super) accounts_listed: OnceCell<String>,
    /// The same for the sessions.
    pub(super) sessions_select: OnceCell<String>,
    /// The same for the legacy table.
    pub(super) legacy_select: OnceCell<String>,
    /// Whether the tables `admin_…` exist.
    pub(super) admin: bool,
    /// The words of the engine that has them.
    dialect: Dialect,
    /// Whether `photoprism-admin.db` is attached: the daemon's tables are only there.
    pub(super) attached: bool,
    /// Whether the file with the daemon's own tables has all indexes of `audit_logins`.
    pub(super) logins_indexed: bool,
    /// The schema that contains `audit_logins`; of a server that has one, whether it is the daemon's.
    logins_in: &'static str,
    /// Account tables without row numbers: SQLite's update hook does not report them.
    pub(super) without_rowid: Vec<String>,
    /// The daemon's tables in the main file; in PhotoPrism's file, those of an earlier version.
    pub(super) in_main: Vec<String>,
    /// The `PRAGMA schema_version` for which all this was read.
    pub(super) schema_version: i64,
}

impl Columns {
    pub(super) fn read(engine: &Connection) -> Result<Self, StoreError> {
        if engine.mariadb().is_some() {
            return Self::of_server(engine);
        }
        let attached = is_attached(engine.sqlite()?);
        let (mut tables, numeric) = tables(engine, "main")?;
        let in_main = own_tables(engine, &tables)?;
        let mut logins_in = "main";
        if attached {
            for name in &in_main {
                tables.remove(name);
            }
            if !tables.contains_key("audit_logins") {
                logins_in = "admin";
            }
            let own = self::tables(engine, "admin")?.0.into_iter();
            tables.extend(own.filter(|(name, _)| logins_in == "admin" || name != "audit_logins"));
        }
        Ok(Self {
            accounts_listed: OnceCell::new(),
            sessions_select: OnceCell::new(),
            legacy_select: OnceCell::new(),
            logins_indexed: attached && has_index(engine, LOGINS_INDEX)?,
            admin: ADMIN.iter().all(|table| tables.contains_key(*table)),
            schema_version: schema_version(engine)?,
            dialect: Dialect::Sqlite,
            attached,
            logins_in,
            in_main,
            without_rowid: without_rowid(engine)?,
            tables,
            numeric,
        })
    }

    /// Columns of bytes there contain what was stored, and everything is in one schema.
    fn of_server(engine: &Connection) -> Result<Self, StoreError> {
        let schema_version = schema_version(engine)?;
        let (tables, _) = tables(engine, "")?;
        let admin = ADMIN.iter().all(|table| tables.contains_key(*table));
        let is_own = engine.prepare_once(OWN_LOGINS)?.one(&[], |_| Ok(()))?.is_some();
        let logins_in = if is_own { "own" } else { "" };
        let dialect = Dialect::MariaDb;
        Ok(Self { tables, admin, dialect, logins_in, schema_version, ..Self::default() })
    }

    /// A statement about the daemon's own tables, written with `own.admin_…` and
    /// `logins.audit_logins`, with the real schemas filled in. Qualified, so that a table of the
    /// same name in PhotoPrism's file is never used by mistake.
    pub(super) fn qualified(&self, statement: &str) -> String {
        let own = if self.attached { "admin." } else { "main." };
        let logins = if self.logins_in == "admin" { "admin." } else { "main." };
        statement.replace("own.", own).replace("logins.", logins)
    }

    /// Whether a server has them.
    pub(super) fn is_server(&self) -> bool {
        self.dialect == Dialect::MariaDb
    }

    /// How many tables there are.
    pub(super) fn tables(&self) -> usize {
        self.tables.len()
    }

    /// Whether the daemon created `audit_logins` in a file of its own, with its indexes.
    pub(super) fn logins_attached(&self) -> bool {
        self.logins_in == "admin"
    }

    /// Whether the daemon created `audit_logins`, and not PhotoPrism.
    pub(super) fn logins_of_daemon(&self) -> bool {
        matches!(self.logins_in, "admin" | "own")
    }

    /// Whether `audit_logins` exists.
    pub(super) fn has_logins(&self) -> bool {
        self.has_table("audit_logins")
    }

    /// Whether the database has that table.
    pub(super) fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Whether it has that table with that column.
    pub(super) fn has(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// A column of a table named `u`, or NULL where it does not exist.
    pub(super) fn column(&self, table: &str, name: &str) -> String {
        if self.has(table, name) { format!("u.{name}") } else { format!("NULL AS {name}") }
    }

    /// Whether there can be entries of ended sessions: in PhotoPrism's database, after the first
    /// write.
    pub(super) fn keeps_ended(&self) -> bool {
        self.has_table("admin_ended")
    }

    /// The columns of a table.
    pub(super) fn of(&self, table: &str) -> Option<&HashSet<String>> {
        self.tables.get(table)
    }

    /// The columns of a table that convert number-like texts to numbers.
    pub(super) fn numeric_of(&self, table: &str) -> Option<&HashSet<String>> {
        self.numeric.get(table)
    }

    /// The first missing table or column that nothing works without.
    pub(super) fn missing(&self) -> Option<String> {
        NEEDED.iter().find_map(|(table, columns)| {
            if !self.has_table(table) {
                return Some(format!("the account table {table}"));
            }
            let column = columns.iter().find(|column| !self.has(table, column))?;
            Some(format!("the column {column} of the account table {table}"))
        })
    }
}

/// A number that changes with the schema.
pub(super) fn schema_version(engine: &Connection) -> Result<i64, StoreError> {
    if let Some(server) = engine.mariadb() {
        return server.schema_version();
    }
    let mut statement = engine.prepare_once("PRAGMA schema_version")?;
    let version = statement.one(&[], |row| row.exact_integer(0))?;
    version.ok_or_else(|| StoreError::Other("the schema has no version".into()))
}

fn has_index(engine: &Connection, name: &str) -> Result<bool, StoreError> {
    let statement = "SELECT 1 FROM admin.sqlite_schema WHERE type = 'index' AND name = ?1";
    Ok(engine.prepare_once(statement)?.one(&[name.into()], |_| Ok(()))?.is_some())
}

/// Names of columns by their table.
type ByTable = HashMap<String, HashSet<String>>;

/// The daemon's own tables in the main file. `audit_logins` counts where its columns are exactly
/// those that the daemon creates: PhotoPrism's own have other types.
fn own_tables(engine: &Connection, tables: &ByTable) -> Result<Vec<String>, StoreError> {
    let found = ADMIN.iter().filter(|table| tables.contains_key(**table));
    let mut found: Vec<String> = found.map(|table| (*table).to_owned()).collect();
    if tables.contains_key("admin_meta") && tables.contains_key("audit_logins") {
        let statement = "SELECT name || ' ' || type FROM pragma_table_info('audit_logins', 'main')";
        let columns = engine.prepare_once(statement)?.all(&[], |row| row.exact_text(0))?;
        if columns == LOGINS {
            found.push("audit_logins".into());
        }
    }
    Ok(found)
}

fn without_rowid(engine: &Connection) -> Result<Vec<String>, StoreError> {
    let statement = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr
         AND name IN ('auth_users', 'auth_users_details', 'auth_users_settings',
           'auth_users_shares', 'passwords', 'passcodes', 'auth_sessions', 'auth_clients')";
    engine.prepare_once(statement)?.all(&[], |row| row.exact_text(0))
}

/// All columns of a schema, and those with numeric affinity.
fn tables(engine: &Connection, schema: &str) -> Result<(ByTable, ByTable), StoreError> {
    let mut statement = engine.prepare_once(&engine.dialect().columns(schema))?;
    let mut rows = statement.query(&[])?;
    let (mut tables, mut numeric) = (ByTable::new(), ByTable::new());
    while let Some(row) = rows.next()? {
        let (table, column) = (row.exact_text(0)?, row.exact_text(1)?);
        if is_numeric(&row.exact_text(2)?) {
            numeric.entry(table.clone()).or_default().insert(column.clone());
        }
        tables.entry(table).or_default().insert(column);
    }
    Ok((tables, numeric))
}

/// Whether a declared type has the affinity INTEGER, REAL or NUMERIC, by the rules of
/// <https://sqlite.org/datatype3.html>, section 3.1.
fn is_numeric(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    let holds = |names: &[&str]| names.iter().any(|name| declared.contains(name));
    let keeps = holds(&["CHAR", "CLOB", "TEXT", "BLOB"]) || declared.is_empty();
    declared.contains("INT") || !keeps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinity_follows_the_rules_of_sqlite() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        for (declared, expected) in [
            ("VARBINARY(255)", true),
            ("varbinary", true),
            ("datetime", true),
            ("bool", true),
            ("BIGINT", true),
            ("CHARINT", true),
            ("FLOATING POINT", true),
            ("REAL", true),
            ("DOUBLE", true),
            ("DECIMAL(10,5)", true),
            ("varchar(200)", false),
            ("LONGTEXT", false),
            ("CLOB", false),
            ("VARBLOB", false),
            ("BLOB", false),
            ("", false),
        ] {
            assert_eq!(is_numeric(declared), expected, "{declared}");
            let kept = format!("CREATE TEMP TABLE t (c {declared}); INSERT INTO t VALUES ('007')");
            conn.execute_batch(&kept).unwrap();
            let class: String =
                conn.query_row("SELECT typeof(c) FROM t", [], |row| row.get(0)).unwrap();
            assert_eq!(class != "text", expected, "{declared}: {class}");
            conn.execute_batch("DROP TABLE t").unwrap();
        }
    }
}
