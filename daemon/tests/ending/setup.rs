//! What the tests of this binary begin with.

use std::path::Path;

use photoprism_daemon::clock::Stopwatch;
use photoprism_protocol::token::new_access_token;
use rusqlite::types::Value;
use serde_json::json;

use crate::common::TIMEOUT;
use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::simulator::{Seen, Simulator, id_of};

/// A database that a real PhotoPrism of December 2024 created; test data.
pub(crate) fn fixture() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"))
}

/// Seconds for which a session stays in memory.
pub(crate) const CACHE: i64 = 900;

/// bob's web session of the fixture: reference id and token.
pub(crate) const WEB: (&str, &str) =
    ("sessqf0mn4tk", "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87");

/// His app password for WebDAV.
pub(crate) const PHONE: (&str, &str) = ("sessbo4hwg3t", "X2PniU-C1fjAU-gWXAnY-0nUwZi");

/// The directory of a daemon that does not run, and a simulated PhotoPrism on its database.
pub(crate) fn alone() -> (TestDaemon, Simulator) {
    let home = TestDaemon::new().with_database(fixture());
    let simulator = Simulator::start(home.outside(), CACHE);
    (home, simulator)
}

/// Adds a session of an account and gives its reference id and its token.
pub(crate) fn add_session(conn: &Database, user: &str, scope: &str) -> (String, String) {
    let (secret, ref_id) = new_secret();
    let created =
        if conn.is_mariadb() { "2026-11-28 18:51:19" } else { "2026-11-28 18:51:19+00:00" };
    let copied = "INSERT INTO auth_sessions (id, user_uid, user_name, client_name, auth_provider,
             auth_method, auth_scope, grant_type, last_active, sess_expires, sess_timeout, ref_id,
             client_ip, user_agent, auth_id, created_at, updated_at)
         SELECT ?1, user_uid, user_name, 'App', 'application', 'default', ?2, 'cli', 0, -1, 0, ?3,
             '', '', '', ?5, ?5
         FROM auth_users WHERE user_name = ?4";
    let values = [id_of(&secret), scope.into(), ref_id.clone(), user.into(), created.into()];
    assert_eq!(conn.execute(copied, values.map(Value::Text).to_vec()).unwrap(), 1);
    (ref_id, secret)
}

fn new_secret() -> (String, String) {
    let secret = new_access_token(&mut photoprism_daemon::clock::random);
    let secret = secret.expose().to_owned();
    let ref_id = format!("sess{}", &id_of(&secret)[..8]);
    (secret, ref_id)
}

/// Whether the row of a session is there.
pub(crate) fn has_row(conn: &Database, ref_id: &str) -> bool {
    let there = "SELECT count(*) FROM auth_sessions WHERE ref_id = ?1";
    conn.query_row(there, [ref_id], |row| row.get::<_, i64>(0)).unwrap() > 0
}

/// Deletes the row of a session behind PhotoPrism's back, with those created from it.
pub(crate) fn delete_row(conn: &Database, ref_id: &str) {
    let deleted = conn.execute("DELETE FROM auth_sessions WHERE ref_id = ?1", [ref_id]).unwrap();
    assert_eq!(deleted, 1, "{ref_id}");
}

/// A daemon that knows the address of a simulated PhotoPrism.
pub(crate) struct Both {
    pub(crate) simulator: Simulator,
    pub(crate) conn: Database,
    // With it goes the directory of them all.
    pub(crate) home: TestDaemon,
}

impl Both {
    pub(crate) fn start() -> Self {
        Self::altered("")
    }

    /// The same after statements that alter the database.
    pub(crate) fn altered(statements: &str) -> Self {
        let mut home = TestDaemon::new().with_database(fixture());
        let conn = home.outside();
        if !statements.is_empty() {
            conn.execute_batch(statements).unwrap();
        }
        if !conn.is_mariadb() {
            conn.busy_timeout(TIMEOUT).unwrap();
        }
        let simulator = Simulator::start(home.outside(), CACHE);
        home.set_env("PHOTOPRISM_ADMIN_PHOTOPRISM_URL", simulator.url());
        home.start();
        Self { simulator, conn, home }
    }

    /// Starts the daemon again with another variable.
    pub(crate) fn restart_with(&mut self, name: &str, value: &str) {
        self.home.set_env(name, value);
        self.home.restart();
    }

    /// PhotoPrism does not know it any more, nor does the database.
    pub(crate) fn is_forgotten(&self, (ref_id, token): (&str, &str)) -> bool {
        !self.simulator.holds(token) && !has_row(&self.conn, ref_id)
    }

    pub(crate) fn wait_until_forgotten(&self, session: (&str, &str)) {
        wait_until("PhotoPrism forgets it", || self.is_forgotten(session));
        assert!(!self.simulator.lets_in(session.1));
    }

    /// The daemon's own session is not there any more.
    pub(crate) fn wait_until_no_token(&self) {
        let own = "SELECT count(*) FROM auth_sessions WHERE client_name = 'photoprism-admin'";
        let count = || self.conn.query_row(own, [], |row| row.get::<_, i64>(0)).unwrap();
        wait_until("the token goes", || count() == 0);
    }

    /// Whether the daemon takes a token.
    pub(crate) fn is_active(&mut self, token: &str) -> bool {
        self.home.ok("auth.verify", json!({"token": token}))["active"].as_bool().unwrap()
    }

    /// Paths of the sessions that the daemon has asked to end, in their order.
    pub(crate) fn deletes(&self) -> Vec<String> {
        let path =
            |seen: Seen| seen.line.strip_prefix("DELETE /api/v1/sessions/").map(ToOwned::to_owned);
        self.simulator.requests().into_iter().filter_map(path).collect()
    }
}

/// Waits for what another program does by itself.
#[track_caller]
pub(crate) fn wait_until(what: &str, met: impl Fn() -> bool) {
    let begun = Stopwatch::start();
    while !met() {
        assert!(begun.elapsed() < TIMEOUT, "waited in vain: {what}");
        // Its locks are in nobody's way meanwhile.
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "what another process does is not announced")]
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(20));
}
