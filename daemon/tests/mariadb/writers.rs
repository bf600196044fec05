//! PhotoPrism writes as it does, next to eight clients of the daemon: what the daemon acknowledged
//! is not lost between its lock and its commit, and PhotoPrism's statements succeed.

use std::collections::HashSet;
use std::io::{Write, stderr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, Params, Row, Value as Cell};
use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::server::{PASSWORD, Schema, shared};

const CLIENTS: usize = 8;

/// The deadlock of a statement: the server undid its transaction.
const DEADLOCK: u16 = 1213;

/// Accounts that both change.
const USERS: [&str; 4] = ["bob", "alice", "erin", "dave"];

/// What PhotoPrism's statements came to.
#[derive(Default)]
struct Counted {
    statements: AtomicU64,
    /// Those that the server undid.
    victims: Mutex<Vec<String>>,
}

/// A connection as PhotoPrism has it.
struct PhotoPrism<'a> {
    conn: Conn,
    counted: &'a Counted,
}

impl<'a> PhotoPrism<'a> {
    fn connect(schema: &Schema<'_>, counted: &'a Counted) -> Self {
        let options = mysql::OptsBuilder::new()
            .socket(Some(schema.server.socket().to_str().unwrap().to_owned()))
            .user(Some(&schema.name))
            .pass(Some(PASSWORD))
            .db_name(Some(&schema.name));
        let mut conn = Conn::new(options).unwrap();
        conn.query_drop("SET sql_mode = ''").unwrap();
        Self { conn, counted }
    }

    /// Runs a statement; false where it was the victim of a deadlock.
    fn run(&mut self, statement: &str, values: Vec<Cell>) -> bool {
        self.counted.statements.fetch_add(1, Ordering::Relaxed);
        let params = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
        match self.conn.exec_drop(statement, params) {
            Ok(()) => true,
            Err(mysql::Error::MySqlError(error)) if error.code == DEADLOCK => {
                self.counted.victims.lock().unwrap().push(statement.to_owned());
                false
            }
            Err(error) => panic!("{statement}: {error}"),
        }
    }

    fn row(&mut self, table: &str, which: &str) -> Option<(Vec<String>, Vec<Cell>)> {
        self.counted.statements.fetch_add(1, Ordering::Relaxed);
        let row: Option<Row> =
            self.conn.query_first(format!("SELECT * FROM {table} WHERE {which}")).unwrap();
        row.map(|row| {
            let names = row.columns_ref().iter().map(|column| column.name_str().into_owned());
            (names.collect(), row.unwrap())
        })
    }

    /// Writes every column of a row as it was read; where there is none any more, adds it.
    fn save(&mut self, table: &str, which: &str, row: &(Vec<String>, Vec<Cell>)) -> bool {
        let (names, cells) = row;
        let set: Vec<String> = names.iter().map(|name| format!("`{name}` = ?")).collect();
        let update = format!("UPDATE {table} SET {} WHERE {which}", set.join(", "));
        if !self.run(&update, cells.clone()) {
            return false;
        }
        if self.conn.affected_rows() == 0 && self.row(table, which).is_none() {
            let marks = vec!["?"; names.len()].join(", ");
            let columns = names.join("`, `");
            // Another one may have been faster.
            let insert = format!("INSERT IGNORE INTO {table} (`{columns}`) VALUES ({marks})");
            return self.run(&insert, cells.clone());
        }
        true
    }
}

/// Changes what only PhotoPrism changes, as whole rows from memory, until the end.
fn write_as_photoprism(schema: &Schema<'_>, counted: &Counted, number: usize, stop: &AtomicBool) {
    let mut photoprism = PhotoPrism::connect(schema, counted);
    for round in number.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let user = USERS[round % USERS.len()];
        let which = format!("user_name = '{user}'");
        let Some(account) = photoprism.row("auth_users", &which) else { continue };
        let uid = text(&account, "user_uid").unwrap();
        let which = format!("id = {}", text(&account, "id").unwrap());
        let details = format!("user_uid = '{uid}'");
        if let Some(row) = photoprism.row("auth_users_details", &details) {
            photoprism.save("auth_users_details", &details, &row);
        }
        // Account and password in one transaction, from memory.
        let password = format!("UPDATE passwords SET updated_at = now() WHERE uid = '{uid}'");
        if photoprism.run("START TRANSACTION", Vec::new())
            && photoprism.save("auth_users", &which, &account)
        {
            photoprism.run(&password, Vec::new());
        }
        photoprism.run("COMMIT", Vec::new());
        photoprism.run(&format!("UPDATE auth_users SET login_at = now() WHERE {which}"), vec![]);
        // A session of its own: made, used, saved from memory after it was deleted, deleted.
        let id = format!("photoprism-{number}-{round}");
        let which = format!("id = '{id}'");
        photoprism.run(
            "INSERT INTO auth_sessions (id, user_uid, user_name, auth_provider, last_active)
             VALUES (?, ?, ?, 'local', unix_timestamp())",
            vec![id.clone().into(), uid.clone().into(), user.into()],
        );
        let active = "UPDATE auth_sessions SET last_active = unix_timestamp() WHERE id = ?";
        photoprism.run(active, vec![id.clone().into()]);
        if let Some(row) = photoprism.row("auth_sessions", &which) {
            let delete = format!("DELETE FROM auth_sessions WHERE {which}");
            photoprism.run(&delete, Vec::new());
            photoprism.save("auth_sessions", &which, &row);
            photoprism.run(&delete, Vec::new());
        }
    }
}

fn text(row: &(Vec<String>, Vec<Cell>), name: &str) -> Option<String> {
    let at = row.0.iter().position(|column| column == name)?;
    mysql::from_value_opt(row.1[at].clone()).ok()
}

/// What a client's changes came to.
#[derive(Default)]
struct Written {
    done: usize,
    wrong: Vec<String>,
    /// Attributes of accounts that PhotoPrism saves from memory as well.
    attrs: Vec<String>,
}

/// Every attribute that an account ever had.
const SEEN: [&str; 2] = [
    "CREATE TABLE seen (attr VARCHAR(1024))",
    "CREATE TRIGGER remember AFTER UPDATE ON auth_users
     FOR EACH ROW INSERT INTO seen VALUES (NEW.user_attr)",
];

/// Changes an account again and again; what was acknowledged is there at once.
fn write_as_client(mut client: Client, number: usize, stop: &AtomicBool) -> Written {
    let user = format!("own-{number}");
    let add = json!({"name": user, "role": "guest", "provider": "oidc", "auth_id": user});
    client.ok("users.add", add);
    let mut written = Written::default();
    for round in 0.. {
        let name = format!("Round {round}");
        // Four of eight change what PhotoPrism writes as well.
        let other = USERS[number % USERS.len()];
        let attr = format!("client={number}-{round}");
        if number < USERS.len() {
            client.ok("users.mod", json!({"user": other, "attr": attr}));
            written.attrs.push(attr);
        }
        client.ok("users.mod", json!({"user": user, "display_name": name}));
        let session = client.ok("auth.add", json!({"user": user, "name": "x", "scope": "webdav"}));
        let shown = json!({"session": session["session"]["id"]});
        client.ok("auth.show", shown.clone());
        client.ok("auth.rm", shown.clone());
        let gone = client.refused("auth.show", shown);
        if gone["code"] != "not_found" {
            written.wrong.push(gone.to_string());
        }
        let found = client.ok("users.show", json!({"user": user}))["user"]["display_name"].clone();
        if found != json!(name) {
            written.wrong.push(format!("{found} in place of {name}"));
        }
        written.done += 3;
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    written
}

fn side_by_side(name: &str, time: Duration) -> String {
    let Some(server) = shared() else { return String::new() };
    let schema = server.photoprism(name);
    for statement in SEEN {
        schema.run(statement);
    }
    let mut home = schema.started();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    let (stop, counted) = (AtomicBool::new(false), Counted::default());
    let written: Vec<Written> = thread::scope(|scope| {
        for number in 0..4 {
            let (schema, counted, stop) = (&schema, &counted, &stop);
            scope.spawn(move || write_as_photoprism(schema, counted, number, stop));
        }
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (client, stop) = (home.connect(), &stop);
                scope.spawn(move || write_as_client(client, number, stop))
            })
            .collect();
        let (_never, pause) = channel::<()>();
        let _ = pause.recv_timeout(time);
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let seen: HashSet<String> = server
        .root(Some(name))
        .query("SELECT attr FROM seen")
        .unwrap()
        .into_iter()
        .collect::<HashSet<String>>();
    for Written { done, wrong, attrs } in &written {
        assert!(wrong.is_empty() && *done > 0, "{done} done, {wrong:?}");
        let lost: Vec<&String> = attrs.iter().filter(|attr| !seen.contains(*attr)).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
    let statements = counted.statements.load(Ordering::Relaxed);
    let victims = counted.victims.into_inner().unwrap();
    let changes: usize = written.iter().map(|written| written.done + written.attrs.len()).sum();
    let figures = format!("{victims:?} of {statements} statements, {changes} changes");
    assert!(victims.len() as u64 * 10_000 <= statements.max(10_000), "{figures}");
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
    figures
}

#[test]
fn photoprism_writes_next_to_eight_clients() {
    side_by_side("writers", Duration::from_secs(3));
}

#[test]
#[ignore = "takes a minute"]
fn photoprism_writes_next_to_eight_clients_for_a_minute() {
    let figures = side_by_side("long_writers", Duration::from_mins(1));
    stderr().write_all(format!("{figures}\n").as_bytes()).unwrap();
}
