//! Schemas for the suites that run on both engines: PhotoPrism's tables with the rows of its SQLite
//! fixture, so that names, ids and tokens are the same on both.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use mysql::prelude::Queryable;
use mysql::{Conn, Params, Value};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::server::{PASSWORD, Server, shared, statements};

/// Tables of the dump that a copy has: those with rows in the fixture, and a few of which nothing
/// may change.
const TABLES: [&str; 16] = [
    "albums",
    "albums_users",
    "auth_clients",
    "auth_sessions",
    "auth_users",
    "auth_users_details",
    "auth_users_settings",
    "auth_users_shares",
    "keywords",
    "links",
    "migrations",
    "passcodes",
    "passwords",
    "photos",
    "users",
    "versions",
];

/// Its rows in the file are nobody's; those of the dump get the file's UIDs.
const SETTINGS: &str = "auth_users_settings";

/// The user of the daemons in all copies.
const USER: &str = "suites";

/// What a copy is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Those of the fixture.
    Fixture,
    /// Those that a first start leaves: an admin without a password. The edition is one whose roles
    /// are those of an own database.
    FirstStart,
}

/// A schema, dropped at its end.
pub(crate) struct Copy {
    server: &'static Server,
    name: String,
}

impl Copy {
    /// A new one.
    pub(crate) fn of(rows: Rows) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let (server, copied) = templates();
        let name = format!("suite_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let statements = copied.replace("$NEW", &name).replace("$OLD", template(rows));
        root(server, None).query_drop(statements).unwrap();
        Self { server, name }
    }

    /// The settings of a daemon on it: the URL without the password, and the password.
    pub(crate) fn settings(&self) -> (String, &'static str) {
        let (name, socket) = (&self.name, self.server.socket());
        (format!("mysql://{USER}@/{name}?socket={}", socket.display()), PASSWORD)
    }

    /// A connection as PhotoPrism has one, whose `sql_mode` takes what SQLite takes.
    pub(crate) fn connect(&self) -> Conn {
        root(self.server, Some(&self.name))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        root(self.server, None).query_drop(format!("DROP DATABASE {}", self.name)).unwrap();
    }
}

fn root(server: &Server, schema: Option<&str>) -> Conn {
    let mut root = server.root(schema);
    root.query_drop("SET sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES', time_zone = '+00:00'").unwrap();
    root
}

const fn template(rows: Rows) -> &'static str {
    match rows {
        Rows::Fixture => "of_fixture",
        Rows::FirstStart => "of_first_start",
    }
}

/// The server, and the statements that copy `$OLD` to `$NEW`.
fn templates() -> &'static (&'static Server, String) {
    static TEMPLATES: OnceLock<(&Server, String)> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        let server = shared().expect("mariadb-install-db, for the suites on MariaDB");
        let mut copied = format!("CREATE DATABASE $NEW COLLATE {}", collation());
        for name in TABLES {
            let table =
                "; CREATE TABLE $NEW.T LIKE $OLD.T; INSERT INTO $NEW.T SELECT * FROM $OLD.T";
            copied += &table.replace(".T", &format!(".{name}"));
        }
        fill(server);
        let first = copied.replace("$NEW", template(Rows::FirstStart));
        root(server, None).query_drop(first.replace("$OLD", template(Rows::Fixture))).unwrap();
        root(server, Some(template(Rows::FirstStart))).query_drop(FIRST_START).unwrap();
        (server, copied)
    })
}

const FIRST_START: &str = "
    DELETE FROM auth_users WHERE id NOT IN (-2, -1, 1); DELETE FROM users;
    DELETE FROM auth_sessions; DELETE FROM passwords; DELETE FROM passcodes;
    DELETE FROM auth_users_details WHERE user_uid NOT IN (SELECT user_uid FROM auth_users);
    DELETE FROM auth_users_settings WHERE user_uid NOT IN (SELECT user_uid FROM auth_users);
    UPDATE auth_users SET login_at = NULL WHERE id = 1; UPDATE versions SET edition = 'plus'";

/// What the tables of the dump are declared with.
const DECLARED: &str = "CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci";

/// The collation of the tables: `.ci/mariadb-long` runs the suites with others.
fn collation() -> String {
    std::env::var("PHOTOPRISM_ADMIN_TEST_COLLATION").unwrap_or("utf8mb4_unicode_ci".to_owned())
}

/// Creates the schema of the fixture: the tables of the dump with the rows of the file.
fn fill(server: &Server) {
    let name = template(Rows::Fixture);
    root(server, None)
        .query_drop(format!(
            "CREATE DATABASE {name} COLLATE {};
             CREATE USER {USER}@localhost IDENTIFIED BY '{PASSWORD}';
             GRANT ALL ON `suite\\_%`.* TO {USER}@localhost",
            collation()
        ))
        .unwrap();
    let mut root = root(server, Some(name));
    let collation = collation();
    let charset = collation.split('_').next().unwrap();
    let declared = format!("CHARSET={charset} COLLATE={collation}");
    for statement in statements() {
        let table = statement.split('`').nth(1).unwrap_or_default();
        let has_rows = table == "auth_users" || table == SETTINGS;
        let is_needed =
            statement.starts_with("CREATE TABLE") || has_rows && statement.starts_with("INSERT");
        if is_needed && TABLES.contains(&table) {
            root.query_drop(statement.replace(DECLARED, &declared)).unwrap();
        }
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");
    let file = Connection::open(file).unwrap();
    let named = "SELECT user_uid, user_name FROM auth_users WHERE user_name <> ''";
    for (_, uid_and_name) in rows(&file, named) {
        let statement = format!(
            "UPDATE {SETTINGS} SET user_uid = ? WHERE user_uid =
               (SELECT user_uid FROM auth_users WHERE user_name = ?)"
        );
        root.exec_drop(statement, Params::Positional(uid_and_name)).unwrap();
    }
    root.query_drop("DELETE FROM auth_users").unwrap();
    for table in TABLES.into_iter().filter(|table| *table != SETTINGS) {
        for (names, values) in rows(&file, &format!("SELECT * FROM {table}")) {
            let places = vec!["?"; values.len()].join(", ");
            let insert = format!("INSERT INTO {table} ({names}) VALUES ({places})");
            root.exec_drop(insert, Params::Positional(values)).unwrap();
        }
    }
    // As PhotoPrism writes it there.
    let never = "UPDATE auth_sessions SET login_at = 0 WHERE login_at < '1000-01-01'";
    root.query_drop(never).unwrap();
}

/// The names of the columns, and the values, of each row.
fn rows(file: &Connection, statement: &str) -> Vec<(String, Vec<Value>)> {
    let mut statement = file.prepare(statement).unwrap();
    let names: Vec<String> = statement.column_names().map(|name| format!("\"{name}\"")).collect();
    let value = |value: ValueRef<'_>| match value {
        ValueRef::Null => Value::NULL,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.into(),
    };
    let row = |row: &rusqlite::Row<'_>| {
        let values = (0..names.len()).map(|at| row.get_ref(at).map(value));
        Ok((names.join(", "), values.collect::<Result<_, _>>()?))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}
