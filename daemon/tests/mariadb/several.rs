//! Two daemons on one schema: what one has counted, written or used up holds at the other.

use std::collections::BTreeSet;
use std::thread;

use mysql::prelude::Queryable;
use photoprism_daemon::clock::Clock;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::refused;
use crate::server::{Schema, shared};

/// Two daemons that have nothing but the schema in common.
fn two(schema: &Schema<'_>) -> [TestDaemon; 2] {
    [(); 2].map(|()| {
        let mut home = schema.home().args(["--login-burst", "3", "--refusal-floor", "0"]);
        home.start();
        home
    })
}

/// Asks both at the same time, each on connections of its own, and gives the replies.
fn at_once(homes: &[TestDaemon; 2], requests: &[[Value; 2]]) -> Vec<Value> {
    let mut clients: Vec<Client> = Vec::new();
    for each in requests {
        for (home, request) in homes.iter().zip(each) {
            let mut client = home.connect();
            client.send(format!("{request}\n"));
            clients.push(client);
        }
    }
    clients.iter_mut().map(Client::reply).collect()
}

fn same(request: &Value) -> [Value; 2] {
    [request.clone(), request.clone()]
}

fn count(replies: &[Value], code: &str) -> usize {
    replies.iter().filter(|reply| reply["error"]["code"] == code).count()
}

fn done(replies: &[Value]) -> usize {
    replies.iter().filter(|reply| reply["ok"] == true).count()
}

fn login(name: &str, password: &str, client_ip: &str) -> Value {
    json!({"name": name, "password": password, "client_ip": client_ip})
}

#[test]
fn failed_logins_are_counted_by_all_together() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("guesses");
    let mut homes = two(&schema);
    for number in 0..3 {
        let guess = login("bob", "a wrong guess", &format!("192.0.2.{number}"));
        refused(&mut homes[number % 2], "auth.login", guess, "invalid_credentials");
    }
    let [mut one, mut other] = homes;
    for home in [&mut one, &mut other] {
        refused(home, "auth.login", login("bob", "mysecret", "192.0.2.5"), "rate_limited");
        let why = home.ok("users.why", json!({"user": "bob"})).to_string();
        assert!(why.contains("rate_limited") || why.contains("limit"), "{why}");
    }
    // What one gives back the other gives back as well.
    one.ok("logins.clear", json!({"name": "bob"}));
    other.ok("auth.login", login("bob", "mysecret", "192.0.2.5"));
    // From where it logged in at one, the places of the account do not bind it at the other.
    for number in 10..13 {
        let guess = login("bob", "a wrong guess", &format!("192.0.2.{number}"));
        refused(&mut other, "auth.login", guess, "invalid_credentials");
    }
    refused(&mut one, "auth.login", login("bob", "mysecret", "192.0.2.14"), "rate_limited");
    one.ok("auth.login", login("bob", "mysecret", "192.0.2.5"));
    // Those of an address and of a name that nobody has, likewise.
    for name in ["nobody", "no-one", "none"] {
        refused(
            &mut one,
            "auth.login",
            login(name, "a guess", "192.0.2.20"),
            "invalid_credentials",
        );
    }
    refused(&mut other, "auth.login", login("alice", "x", "192.0.2.20"), "rate_limited");
}

#[test]
fn guesses_at_once_at_each_are_as_many_as_each_allows() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("at_once");
    let mut homes = two(&schema);
    let guesses: Vec<[Value; 2]> = (0..5)
        .map(|number| {
            let args = login("bob", &format!("guess {number}"), "192.0.2.1");
            same(&json!({"cmd": "auth.login", "args": args}))
        })
        .collect();
    let replies = at_once(&homes, &guesses);
    let checked = count(&replies, "invalid_credentials");
    assert_eq!(checked + count(&replies, "rate_limited"), 10, "{replies:?}");
    assert!((3..=6).contains(&checked), "{checked} were checked");
    for home in &mut homes {
        refused(home, "auth.login", login("bob", "mysecret", "192.0.2.2"), "rate_limited");
    }
}

#[test]
fn both_cannot_remove_the_last_super_admin() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("admins");
    schema.run("UPDATE auth_users SET super_admin = 0 WHERE user_name <> 'admin'");
    let mut homes = two(&schema);
    let kim = json!({"name": "kim", "role": "admin", "super_admin": true,
        "password": "first-password"});
    homes[0].ok("users.add", kim);
    let change = |user: &str, is_super: bool| {
        let args = json!({"user": user, "super_admin": is_super, "role": "admin"});
        json!({"cmd": "users.mod", "args": args})
    };
    let count_admins = "SELECT count(*) FROM auth_users WHERE super_admin AND id > 0
         AND deleted_at IS NULL";
    for round in 0..4 {
        let replies = at_once(&homes, &[[change("admin", false), change("kim", false)]]);
        assert_eq!((done(&replies), count(&replies, "conflict")), (1, 1), "{round}: {replies:?}");
        let left: Option<u8> = server.root(Some("admins")).query_first(count_admins).unwrap();
        assert_eq!(left, Some(1));
        for user in ["admin", "kim"] {
            assert_eq!(homes[round % 2].reply_to(&change(user, true).to_string())["ok"], true);
        }
    }
}

#[test]
fn an_idempotency_key_works_once() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("keys_once");
    let homes = two(&schema);
    for round in 0..4 {
        let args = json!({"name": format!("once-{round}"), "role": "guest", "provider": "none"});
        let request = json!({"cmd": "users.add", "args": args, "key": format!("key-of-{round}")});
        let replies = at_once(&homes, &[same(&request), same(&request)]);
        assert_eq!(done(&replies), 4, "{replies:?}");
        let is_first = |reply: &&Value| reply["result"].get("replayed").is_none();
        assert_eq!(replies.iter().filter(is_first).count(), 1, "{replies:?}");
        let uids: BTreeSet<String> =
            replies.iter().map(|reply| reply["result"]["user"]["uid"].to_string()).collect();
        assert_eq!(uids.len(), 1, "{replies:?}");
    }
}

#[test]
fn a_passcode_works_once() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("passcodes");
    let mut homes = two(&schema);
    let created = homes[0].ok("users.2fa.enroll", json!({"user": "bob"}));
    let key = data_encoding::BASE32.decode(created["key"].as_str().unwrap().as_bytes()).unwrap();
    let codes = Builder::new()
        .with_secret(Secret::new_stack(<[u8; 20]>::try_from(key).unwrap()))
        .build_noncompliant();
    // The next step after the one that is used up here: its code is taken already.
    let now = u64::try_from(Clock::System.unix()).unwrap();
    let first = codes.generate(now).to_string();
    homes[1].ok("users.2fa.confirm", json!({"user": "bob", "passcode": first}));
    let mut args = login("bob", "mysecret", "192.0.2.1");
    args["passcode"] = json!(codes.generate(now + 30).to_string());
    let request = json!({"cmd": "auth.login", "args": args});
    let replies = at_once(&homes, &[same(&request), same(&request)]);
    let refused = count(&replies, "invalid_credentials");
    assert_eq!((done(&replies), refused), (1, 3), "{replies:?}");
}

/// So many writes of each, of four clients; both find one audit trail that is whole.
fn writes(name: &str, of_each: usize) {
    const CLIENTS: usize = 4;
    let Some(server) = shared() else { return };
    let schema = server.photoprism(name);
    let mut homes = two(&schema);
    thread::scope(|scope| {
        for (which, home) in homes.iter().enumerate() {
            for number in 0..CLIENTS {
                let mut client = home.connect();
                scope.spawn(move || {
                    for count in 0..of_each / CLIENTS {
                        let name = format!("w{which}-{number}-{count}");
                        let args = json!({"name": name, "role": "guest", "provider": "none"});
                        client.ok("users.add", args);
                    }
                });
            }
        }
    });
    let records = json!(2 * of_each);
    for home in &mut homes {
        let found = home.ok("audit.verify", json!({}));
        assert_eq!((&found["ok"], &found["records"]), (&json!(true), &records), "{found}");
    }
    let added = "SELECT count(*) FROM auth_users WHERE user_name LIKE 'w%-%-%'";
    let added: Option<usize> = server.root(Some(name)).query_first(added).unwrap();
    assert_eq!(added, Some(2 * of_each));
}

#[test]
fn what_both_write_is_one_audit_trail() {
    writes("chain", 60);
}

#[test]
#[ignore = "takes half a minute: 1,000 writes of each"]
fn thousands_of_writes_of_both_are_one_audit_trail() {
    writes("long_chain", 1000);
}

#[test]
fn who_has_written_is_named() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("hosts");
    let mut homes = two(&schema);
    assert_eq!(homes[0].ok("status", json!({}))["daemons"], json!([]));
    for (home, name) in homes.iter_mut().zip(["One", "Two"]) {
        home.ok("users.mod", json!({"user": "bob", "display_name": name}));
    }
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    for home in &mut homes {
        let records = home.ok("audit.ls", json!({}));
        for record in records["items"].as_array().unwrap() {
            assert_eq!(record["host"], json!(host), "{record}");
        }
    }
    // Marks of three other daemons: of now, of two hours ago, of two days ago.
    for (name, ago) in [("now", 0), ("earlier", 7200), ("ended", 172_800)] {
        schema.run(&format!(
            "INSERT INTO admin_meta VALUES
             ('mark:{name}', concat('00ff ', unix_timestamp() - {ago}, ' {name}'))"
        ));
    }
    let daemons = homes[1].ok("status", json!({}))["daemons"].clone();
    let names: BTreeSet<&str> =
        daemons.as_array().unwrap().iter().map(|found| found["host"].as_str().unwrap()).collect();
    assert_eq!(names, BTreeSet::from([&*host, "now"]), "{daemons}");
    // A daemon removes those of daemons that have ended, once it has connected.
    homes[0].restart();
    homes[0].ok("users.mod", json!({"user": "bob", "display_name": "Three"}));
    let marks = "SELECT `key` FROM admin_meta WHERE `key` LIKE 'mark:%'";
    let marks: Vec<String> = server.root(Some("hosts")).query(marks).unwrap();
    let has = |name: &str| marks.iter().any(|mark| mark.ends_with(name));
    assert!(has("now") && has("earlier") && !has("ended") && marks.len() == 5, "{marks:?}");
    // A record that says another host is found.
    assert_eq!(homes[1].ok("audit.verify", json!({}))["ok"], true);
    schema.run("UPDATE admin_audit SET host = 'elsewhere' WHERE number = 2");
    assert_eq!(homes[1].ok("audit.verify", json!({}))["broken_at"], 2);
    schema.run("UPDATE admin_audit SET host = NULL WHERE number = 2");
    assert_eq!(homes[1].ok("audit.verify", json!({}))["broken_at"], 2);
}
