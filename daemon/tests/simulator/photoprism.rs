//! What it knows: the database, the sessions in its memory, and who was refused.

use std::collections::HashMap;

use photoprism_daemon::clock::Clock;

use super::rows::{self, Row, number, text};
use crate::common::database::Database;

/// Refusals of one address after which nobody on it is let in.
const MOST_REFUSALS: u32 = 60;

/// A session as it was loaded or saved, with the rights of its account then.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) row: Row,
    pub(super) user: Option<Row>,
}

impl Session {
    pub(super) fn text(&self, column: &str) -> &str {
        text(&self.row, column)
    }

    /// The role of its account when it was loaded; a super admin is an admin.
    pub(super) fn role(&self) -> &str {
        match &self.user {
            Some(user) if number(user, "super_admin") == 1 => "admin",
            Some(user) => text(user, "user_role"),
            None => "",
        }
    }

    /// Whether its scope holds a word.
    pub(super) fn allows(&self, word: &str) -> bool {
        let scope = self.text("auth_scope");
        scope.is_empty() || scope == "*" || scope.split(' ').any(|held| held == word)
    }

    pub(super) fn is_app_password(&self) -> bool {
        self.text("auth_provider") == "application" && self.text("auth_method") == "default"
    }

    fn is_expired(&self, now: i64) -> bool {
        let of = |column| number(&self.row, column);
        let (end, idle) = (of("sess_expires"), of("sess_timeout"));
        (end > 0 && end <= now) || (idle > 0 && of("last_active") + idle <= now)
    }
}

/// A session in memory.
struct Held {
    session: Session,
    /// When it was last loaded or saved.
    since: i64,
}

pub(super) struct PhotoPrism {
    pub(super) conn: Database,
    memory: HashMap<String, Held>,
    /// Seconds for which a session stays in memory.
    cache: i64,
    /// Refused tokens by address.
    refusals: HashMap<String, u32>,
    /// How far its clock is ahead.
    ahead: i64,
    /// Sessions that it has created.
    pub(super) created: u32,
}

impl PhotoPrism {
    pub(super) fn new(conn: Database, cache: i64) -> Self {
        if !conn.is_mariadb() {
            conn.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        }
        let (memory, refusals) = (HashMap::new(), HashMap::new());
        Self { conn, memory, cache, refusals, ahead: 0, created: 0 }
    }

    pub(super) fn now(&self) -> i64 {
        Clock::System.unix() + self.ahead
    }

    pub(super) fn advance(&mut self, seconds: i64) {
        self.ahead += seconds;
    }

    pub(super) fn restart(&mut self) {
        self.memory.clear();
        self.refusals.clear();
    }

    pub(super) fn holds(&mut self, id: &str) -> bool {
        let (now, cache) = (self.now(), self.cache);
        self.memory.retain(|_, held| held.since + cache > now);
        self.memory.contains_key(id)
    }

    /// The session of that id: from memory, whatever its row says, or else by its row. One that has
    /// expired is deleted. To load it writes `last_active`; to find it in memory writes nothing.
    pub(super) fn session(&mut self, id: &str) -> Option<Session> {
        let now = self.now();
        if self.holds(id) {
            let session = self.memory[id].session.clone();
            if session.is_expired(now) {
                self.delete(id);
                return None;
            }
            return Some(session);
        }
        let row = rows::find(&self.conn, "auth_sessions", "id", id)?;
        let user = rows::find(&self.conn, "auth_users", "user_uid", text(&row, "user_uid"));
        let session = Session { row, user };
        if session.is_expired(now) {
            self.delete(id);
            return None;
        }
        rows::touch(&self.conn, id, now);
        Some(self.keep(Session { row: with(session.row, "last_active", now), ..session }))
    }

    fn keep(&mut self, session: Session) -> Session {
        let since = self.now();
        let held = Held { session: session.clone(), since };
        self.memory.insert(session.text("id").to_owned(), held);
        session
    }

    /// Writes a whole session; from now on it is in memory anew.
    pub(super) fn save(&mut self, session: Session) -> Session {
        rows::write(&self.conn, &session.row);
        self.keep(session)
    }

    /// Deletes a session with the rows that were created from it, and forgets all of those.
    pub(super) fn delete(&mut self, id: &str) {
        for child in rows::children(&self.conn, id) {
            rows::delete(&self.conn, &child);
            self.memory.remove(&child);
        }
        rows::delete(&self.conn, id);
        self.memory.remove(id);
    }

    /// A token from that address was refused.
    pub(super) fn refuse(&mut self, ip: &str) {
        *self.refusals.entry(ip.to_owned()).or_default() += 1;
    }

    /// Whether everybody on that address is refused.
    pub(super) fn is_shut_out(&self, ip: &str) -> bool {
        self.refusals.get(ip).is_some_and(|refusals| *refusals >= MOST_REFUSALS)
    }
}

/// The row with another value.
pub(super) fn with(mut row: Row, column: &str, value: impl Into<rusqlite::types::Value>) -> Row {
    let old = row.insert(column.into(), value.into());
    assert!(old.is_some(), "auth_sessions has no column {column}");
    row
}
