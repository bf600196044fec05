//! Which tables and columns a database really has: PhotoPrism's versions differ.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use super::error::StoreError;

/// What no command can do without; anything else is read as nothing and not written where it is
/// missing.
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

/// Columns of `audit_logins` as the daemon makes it.
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

/// What is there, with the statements that depend on it, put together once for each schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    tables: HashMap<String, HashSet<String>>,
    /// Those that are declared so that SQLite makes a number of a text that looks like one.
    numeric: HashMap<String, HashSet<String>>,
    /// `SELECT … FROM auth_users u` with the columns of [`super::users`], in its order.
    pub(super) users: String,
    /// The same for the legacy table; `None` where there is none.
    pub(super) legacy: Option<String>,
    /// Whether `audit_logins` is there.
    pub(super) logins: bool,
    /// Whether the tables `admin_…` are there.
    pub(super) admin: bool,
    /// Whether `photoprism-admin.db` is attached: the daemon's tables are there, and only there.
    pub(super) attached: bool,
    /// The schema that `audit_logins` is in.
    logins_in: &'static str,
    /// Account tables without row numbers: SQLite reports no change of theirs.
    pub(super) without_rowid: Vec<String>,
    /// The daemon's tables that are in the main file: in PhotoPrism's those of an earlier version.
    pub(super) in_main: Vec<String>,
    /// `PRAGMA schema_version` that all this was true for.
    pub(super) schema_version: i64,
}

impl Columns {
    pub(super) fn look_up(conn: &Connection) -> Result<Self, StoreError> {
        let attached = conn.query_row(
            "SELECT count(*) FROM pragma_database_list WHERE name = 'admin'",
            [],
            |row| row.get::<_, i64>(0),
        )? > 0;
        let (mut tables, numeric) = tables(conn, "main")?;
        let in_main = of_the_daemon(conn, &tables)?;
        let mut logins_in = "main";
        if attached {
            for name in &in_main {
                tables.remove(name);
            }
            if !tables.contains_key("audit_logins") {
                logins_in = "admin";
            }
            let own = self::tables(conn, "admin")?.0.into_iter();
            tables.extend(own.filter(|(name, _)| logins_in == "admin" || name != "audit_logins"));
        }
        let none = HashSet::new();
        let of = |table: &str| tables.get(table).unwrap_or(&none);
        let users = super::users::select(of("auth_users"), tables.contains_key("passcodes"));
        let legacy = tables.get("users").map(super::legacy::select);
        conn.execute_batch(super::sessions::MAKE_SEEN)?;
        let keeps_ended = tables.contains_key("admin_ended");
        conn.execute_batch(&super::sessions::make_view(of("auth_sessions"), keeps_ended))?;
        Ok(Self {
            users,
            legacy,
            logins: tables.contains_key("audit_logins"),
            admin: ADMIN.iter().all(|table| tables.contains_key(*table)),
            schema_version: schema_version(conn)?,
            attached,
            logins_in,
            in_main,
            without_rowid: without_rowid(conn)?,
            tables,
            numeric,
        })
    }

    /// A statement about the daemon's own tables, which it names `own.admin_…` and
    /// `logins.audit_logins`, with the schemas that they are in. Qualified, so that a table of the
    /// same name in PhotoPrism's file is never taken for one of them.
    pub(super) fn qualified(&self, statement: &str) -> String {
        let own = if self.attached { "admin." } else { "main." };
        let logins = if self.logins_in == "admin" { "admin." } else { "main." };
        statement.replace("own.", own).replace("logins.", logins)
    }

    /// Whether the database has that table.
    pub(super) fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Whether it has that table with that column.
    pub(super) fn has(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// Whether that column, where it is there, makes a number of a text that looks like one.
    pub(super) fn is_numeric(&self, table: &str, column: &str) -> bool {
        self.numeric.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// The first table or column that is missing and that nothing works without.
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

/// The cookie that SQLite changes with every change of the schema.
pub(super) fn schema_version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.pragma_query_value(None, "schema_version", |row| row.get(0))?)
}

/// Names of columns by their table.
type ByTable = HashMap<String, HashSet<String>>;

/// The daemon's own tables in the main file. `audit_logins` is one where its columns are exactly
/// those that the daemon makes: PhotoPrism's own have other types.
fn of_the_daemon(conn: &Connection, tables: &ByTable) -> Result<Vec<String>, StoreError> {
    let found = ADMIN.iter().filter(|table| tables.contains_key(**table));
    let mut found: Vec<String> = found.map(|table| (*table).to_owned()).collect();
    if tables.contains_key("admin_meta") && tables.contains_key("audit_logins") {
        let statement = "SELECT name || ' ' || type FROM pragma_table_info('audit_logins', 'main')";
        let mut statement = conn.prepare_cached(statement)?;
        let columns: Vec<String> =
            statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        if columns == LOGINS {
            found.push("audit_logins".into());
        }
    }
    Ok(found)
}

fn without_rowid(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let statement = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr
         AND name IN ('auth_users', 'auth_users_details', 'auth_users_settings',
           'auth_users_shares', 'passwords', 'passcodes', 'auth_sessions', 'auth_clients')";
    let mut statement = conn.prepare_cached(statement)?;
    let names = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names)
}

/// All columns of a schema, and those with numeric affinity.
fn tables(conn: &Connection, schema: &str) -> Result<(ByTable, ByTable), StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT t.name, c.name, c.type FROM {schema}.sqlite_schema t,
           pragma_table_info(t.name, '{schema}') c
         WHERE t.type = 'table' AND (t.name IN ('auth_users', 'auth_users_details',
           'auth_users_settings', 'auth_users_shares', 'passwords', 'passcodes', 'auth_sessions',
           'audit_logins', 'users') OR t.name GLOB 'admin_*')"
    ))?;
    let mut rows = statement.query([])?;
    let (mut tables, mut numeric) = (ByTable::new(), ByTable::new());
    while let Some(row) = rows.next()? {
        let (table, column, declared): (String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        if is_numeric(&declared) {
            numeric.entry(table.clone()).or_default().insert(column.clone());
        }
        tables.entry(table).or_default().insert(column);
    }
    Ok((tables, numeric))
}

/// Whether a column that is declared so has the affinity INTEGER, REAL or NUMERIC, by the rules of
/// <https://sqlite.org/datatype3.html>, section 3.1.
fn is_numeric(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    let holds = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    let keeps = holds(&["CHAR", "CLOB", "TEXT", "BLOB"]) || declared.is_empty();
    declared.contains("INT") || !keeps
}

/// `name` of the table `u`, or a NULL in its place where the table lacks it.
pub(super) fn column(have: &HashSet<String>, name: &str) -> String {
    if have.contains(name) { format!("u.{name}") } else { format!("NULL AS {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinity_is_what_sqlite_takes_it_for() {
        let conn = Connection::open_in_memory().unwrap();
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
