//! A stand-in for a running PhotoPrism that has a session in its memory: it goes on honouring it
//! after somebody else deleted the row, and writes the whole row again.

use std::time::Duration;

use photoprism_daemon::clock::{Clock, Stopwatch};
use rusqlite::types::Value;

use crate::common::TIMEOUT;
use crate::common::database::Database;
use crate::setup::{Row, busy_elsewhere, row};

/// A session in PhotoPrism's memory.
#[derive(Clone)]
pub(crate) struct Ghost {
    row: Row,
}

impl Ghost {
    /// Loads it, which writes `last_active`.
    pub(crate) fn load(conn: &Database, ref_id: &str) -> Self {
        let used = "UPDATE auth_sessions SET last_active = ?1 WHERE ref_id = ?2";
        assert_eq!(conn.execute(used, (Clock::System.unix(), ref_id)).unwrap(), 1);
        Self { row: row(conn, "auth_sessions", &format!("ref_id = '{ref_id}'")) }
    }

    /// Its id.
    pub(crate) fn id(&self) -> String {
        self.text("id")
    }

    pub(crate) fn text(&self, column: &str) -> String {
        match &self.row[column] {
            Value::Text(text) => text.clone(),
            other => panic!("{column} is {other:?}"),
        }
    }

    fn set(&mut self, column: &str, value: impl Into<Value>) {
        self.row.insert(column.into(), value.into());
    }

    /// It is used to log in from another address: UPDATE of every column by id and, where no row
    /// changed, INSERT.
    pub(crate) fn save(&mut self, conn: &Database, ip: &str) {
        let now = "2026-11-28 18:51:19.500701564+00:00".to_owned();
        self.set("client_ip", ip.to_owned());
        self.set("login_ip", ip.to_owned());
        self.set("user_agent", "Mozilla/5.0".to_owned());
        self.set("login_at", now.clone());
        self.set("updated_at", now);
        self.set("last_active", Clock::System.unix());
        self.write(conn);
    }

    /// A session that PhotoPrism creates from an app password in its memory.
    pub(crate) fn child(&self, conn: &Database, secret: &str, ref_id: &str) -> Self {
        let mut child = self.clone();
        child.set("id", id_of(secret));
        child.set("ref_id", ref_id.to_owned());
        child.set("auth_method", "session".to_owned());
        child.set("auth_id", self.id());
        child.write(conn);
        child
    }

    /// An app password that PhotoPrism creates for the same account.
    pub(crate) fn another(&self, conn: &Database, ref_id: &str, name: &str) -> Self {
        let (mut other, id) = (self.clone(), id_of(name));
        for (column, text) in [("id", id.as_str()), ("ref_id", ref_id), ("client_name", name)] {
            other.set(column, text.to_owned());
        }
        other.write(conn);
        other
    }

    fn write(&self, conn: &Database) {
        let names: Vec<&String> = self.row.keys().collect();
        let set: Vec<String> = names.iter().map(|name| format!("{name} = ?")).collect();
        let update = format!("UPDATE auth_sessions SET {} WHERE id = ?", set.join(", "));
        let values: Vec<Value> = self.row.values().chain([&self.row["id"]]).cloned().collect();
        if conn.execute(&update, values).unwrap() > 0 {
            return;
        }
        let columns: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let places = vec!["?"; columns.len()].join(", ");
        // Of two requests at once the second gets an error, which PhotoPrism logs.
        let ignore = if conn.is_mariadb() { "IGNORE " } else { "" };
        let insert =
            format!("INSERT {ignore}INTO auth_sessions ({}) VALUES ({places})", columns.join(", "));
        conn.execute(&insert, self.row.values().cloned().collect::<Vec<_>>()).unwrap();
    }

    /// Whether the row is there.
    pub(crate) fn is_there(&self, conn: &Database) -> bool {
        let there = "SELECT EXISTS (SELECT 1 FROM auth_sessions WHERE id = ?1)";
        conn.query_row(there, [self.id()], |row| row.get(0)).unwrap()
    }

    /// Waits until the row is gone.
    #[track_caller]
    pub(crate) fn wait_until_gone(&self, conn: &Database) {
        wait_until("the row goes", || !self.is_there(conn));
    }
}

/// Waits for what the daemon does by itself; looks so seldom that its locks are in nobody's way.
#[track_caller]
pub(crate) fn wait_until(what: &str, met: impl Fn() -> bool) {
    let begun = Stopwatch::start();
    while !met() {
        assert!(begun.elapsed() < TIMEOUT, "waited in vain: {what}");
        busy_elsewhere(Duration::from_millis(20));
    }
}

/// The id under which a secret is stored.
pub(crate) fn id_of(secret: &str) -> String {
    use sha2::{Digest, Sha256};
    data_encoding::HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}
