//! Databases of either kind with many accounts and sessions, and what is in them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Accounts, each of which has a session.
const ACCOUNTS: usize = 2000;

/// Whose database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Own,
    PhotoPrism,
}

impl Kind {
    /// A password hash that it takes.
    const fn hash(self) -> &'static str {
        match self {
            Self::Own => {
                "$argon2id$v=19$m=19456,t=2,p=1$jjsVIqyhFB1FCbb8iy7VvQ$WDIbGE1c0OAvmD0Aq0zFc+W45af4BXiDwCa4H7c3xLM"
            }
            Self::PhotoPrism => "$2a$12$5B7ZtXKCs0B1DIEavKZPYeWKcDZ9kvku4Bn9YD3dw0h1D.CCZWt5.",
        }
    }

    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Own => &["admin.db"],
            Self::PhotoPrism => &["index.db", "photoprism-admin.db"],
        }
    }
}

/// Rows of new accounts.
pub(crate) fn imported(kind: Kind) -> String {
    rows(kind, "new", 0..ACCOUNTS / 2)
}

/// Rows of a quarter of the accounts that are there: the others are to be pruned.
pub(crate) fn kept(kind: Kind) -> String {
    rows(kind, "n", 0..ACCOUNTS / 4)
}

fn rows(kind: Kind, prefix: &str, numbers: std::ops::Range<usize>) -> String {
    let mut text = String::new();
    for number in numbers {
        let name = format!("{prefix}{number}");
        let row = json!({"name": name, "role": "guest", "password_hash": kind.hash()});
        writeln!(text, "{row}").unwrap();
    }
    text
}

/// The text of an import, in parts that fit a line.
pub(crate) fn send(client: &mut Client, text: &str) -> Value {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut args = json!({});
    for part in lines.chunks(200) {
        args["text"] = part.concat().into();
        let import = client.ok("users.import", args.clone())["import"].take();
        args["import"] = import;
    }
    args["import"].take()
}

/// What is in a database, save for what differs from run to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    parts: [(&'static str, Vec<String>); 5],
}

/// Each as one text a row, in an order of their own.
const PARTS: [(&str, &str); 5] = [
    (
        "accounts",
        "SELECT concat_ws('|', user_name, display_name, user_role, deleted_at IS NOT NULL)
           FROM auth_users WHERE id > 0",
    ),
    ("details", "SELECT user_name FROM auth_users JOIN auth_users_details USING (user_uid)"),
    ("settings", "SELECT user_name FROM auth_users JOIN auth_users_settings USING (user_uid)"),
    (
        "passwords",
        "SELECT concat_ws('|', user_name, hash) FROM passwords
           LEFT JOIN auth_users ON user_uid = uid",
    ),
    (
        "sessions",
        "SELECT concat_ws('|', s.id, u.user_name) FROM auth_sessions s
           LEFT JOIN auth_users u USING (user_uid)",
    ),
];

impl State {
    fn read(conn: &Connection) -> Self {
        let parts = PARTS.map(|(name, statement)| {
            let mut statement = conn.prepare(statement).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            let mut rows: Vec<String> = rows.collect::<Result<_, _>>().unwrap();
            rows.sort();
            (name, rows)
        });
        Self { parts }
    }

    /// How many rows of each part there are here and there.
    pub(crate) fn unlike(&self, before: &Self, after: &Self) -> String {
        let mut text = String::new();
        for (at, (name, rows)) in self.parts.iter().enumerate() {
            let (here, old, new) = (rows.len(), before.parts[at].1.len(), after.parts[at].1.len());
            let like = [before, after].map(|state| state.parts[at].1 == *rows);
            write!(text, "{here} {name} of {old} before, {new} after {like:?}; ").unwrap();
        }
        text
    }
}

/// A daemon on such a database, with a backup of it.
pub(crate) struct Crowd {
    home: TestDaemon,
    kind: Kind,
    base: String,
    kept: PathBuf,
}

impl Crowd {
    /// Starts it, with those failpoints.
    pub(crate) fn new(kind: Kind, failpoints: Option<&'static str>) -> Self {
        let mut home = TestDaemon::new();
        if kind == Kind::PhotoPrism {
            let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");
            home = home.with_database(Path::new(fixture));
        }
        if let Some(failpoints) = failpoints {
            home = home.faulty(failpoints);
        }
        home.start();
        home.offline(|conn| fill(conn, kind));
        let base = home.ok("backup.create", json!({}))["file"].as_str().unwrap().to_owned();
        let kept = home.root().join("kept");
        fs::create_dir(&kept).unwrap();
        Self { home, kind, base, kept }
    }

    pub(crate) const fn home(&mut self) -> &mut TestDaemon {
        &mut self.home
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The name of the backup.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Changes most of it, so that a restore of the backup has something to do.
    pub(crate) fn change_much(&mut self) {
        self.home.offline(|conn| {
            conn.execute_batch(
                "UPDATE auth_users SET display_name = 'Changed' WHERE id > 100 AND id % 2 = 0;
                 DELETE FROM auth_sessions WHERE rowid % 3 = 0;
                 DELETE FROM auth_users_details WHERE user_uid IN
                   (SELECT user_uid FROM auth_users WHERE id > 100 AND id % 3 = 0);
                 DELETE FROM auth_users WHERE id > 100 AND id % 3 = 0;",
            )
            .unwrap();
        });
    }

    /// What is in the database now, and how it is damaged.
    pub(crate) fn state(&mut self) -> (State, Vec<String>) {
        self.home.stop();
        let mut faults = Vec::new();
        for file in self.kind.files() {
            let path = self.home.data().join(file);
            let conn = Connection::open(path).unwrap();
            let verdict: String =
                conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            if verdict != "ok" {
                faults.push(format!("{file} is damaged: {verdict}"));
            }
        }
        let state = State::read(&self.home.open_database());
        self.home.start();
        (state, faults)
    }

    /// What is wrong with the trail, or with backups.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        let trail = self.home.ok("audit.verify", json!({}));
        if trail["ok"] != true {
            faults.push(format!("the trail is broken: {trail}"));
        }
        let found = self.home.ok("backup.verify", json!({}));
        if found["ok"] != true {
            faults.push(format!("a bad backup: {found}"));
        }
        faults
    }

    /// Keeps a copy of all that is there now.
    pub(crate) fn keep(&mut self) {
        self.home.stop();
        for file in self.kind.files() {
            fs::copy(self.home.data().join(file), self.kept.join(file)).unwrap();
        }
        self.home.start();
    }

    /// Puts what was kept in the place of what is there, and removes all backups but the first.
    pub(crate) fn bring_back(&mut self) {
        self.home.stop();
        for file in self.kind.files() {
            fs::copy(self.kept.join(file), self.home.data().join(file)).unwrap();
        }
        for entry in fs::read_dir(self.home.data().join("backups")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_str() != Some(&self.base) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        self.home.start();
    }
}

fn fill(conn: &mut Connection, kind: Kind) {
    let statements = format!(
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS
           (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {ACCOUNTS}) SELECT i FROM n;
         INSERT INTO auth_users (id, user_uid, auth_provider, user_name, display_name, user_email,
             user_role, super_admin, can_login, webdav, created_at, updated_at)
           SELECT 100 + i, printf('ut0000%010d', i), 'local', 'n' || i, 'Number ' || i, '', 'guest',
             0, 1, 0, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00' FROM n;
         INSERT INTO auth_users_details (user_uid) SELECT printf('ut0000%010d', i) FROM n;
         INSERT INTO auth_users_settings (user_uid) SELECT printf('ut0000%010d', i) FROM n;
         INSERT INTO passwords (uid, hash, created_at, updated_at)
           SELECT printf('ut0000%010d', i), '{}', '2026-01-01 00:00:00+00:00',
             '2026-01-01 00:00:00+00:00' FROM n;
         INSERT INTO auth_sessions (id, user_uid, user_name, client_name, auth_provider, auth_method,
             auth_scope, grant_type, sess_expires, sess_timeout, last_active, ref_id, created_at)
           SELECT printf('a%063x', i), printf('ut0000%010d', i), 'n' || i, 'App', 'application',
             'default', '*', 'cli', -1, 0, 0, printf('sess%08d', i), '2026-01-01 00:00:00+00:00'
             FROM n;
         DROP TABLE n;",
        kind.hash()
    );
    conn.execute_batch(&statements).unwrap();
}
