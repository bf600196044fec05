//! A reply comes when PhotoPrism has forgotten what its command ended.

use photoprism_protocol::command::CommandName as C;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{Both, PHONE, WEB, add_session, has_row, wait_until};
use crate::simulator::{Request, Simulator};

/// dave's web session of the fixture.
const DAVE: &str = "sess5pvdhx0z";

/// What a command is asked for, and whether bob's app password ends with it as well.
fn commands() -> [(C, Value, bool); 10] {
    [
        (C::UsersMod, json!({"user": "bob", "can_login": false}), false),
        (C::UsersRm, json!({"user": "bob"}), true),
        (C::UsersReset, json!({}), true),
        (C::UsersImport, json!({"text": "name,role\nbob,guest\n"}), false),
        (C::PasswdSet, json!({"user": "bob", "password": "longenough"}), false),
        (C::PasswdRemove, json!({"user": "bob"}), false),
        (C::AuthRm, json!({"session": WEB.0}), false),
        (C::AuthLogout, json!({"token": WEB.1}), false),
        (C::AuthReset, json!({}), true),
        (C::BackupRestore, json!({}), true),
    ]
}

fn run(home: &mut TestDaemon, command: C, args: Value) -> Value {
    match command {
        C::UsersImport => {
            let begun = home.ok("users.import", args);
            let run = json!({"import": begun["import"], "run": true, "update": true});
            home.ok("users.import", run)
        }
        C::BackupRestore => {
            let path = home.ok("backup.create", json!({}))["backup"].clone();
            let path = std::path::PathBuf::from(path.as_str().unwrap());
            home.ok("backup.restore", json!({"file": path.file_name().unwrap().to_str()}))
        }
        _ => home.ok(command.name(), args),
    }
}

#[test]
fn each_command_replies_when_photoprism_has_forgotten() {
    for (command, args, all) in commands() {
        let mut both = Both::start();
        for (_, token) in [WEB, PHONE] {
            assert!(both.simulator.lets_in(token) && both.simulator.holds(token));
        }
        let result = run(&mut both.home, command, args);
        let what = format!("{} {result}", command.name());
        assert!(both.is_forgotten(WEB), "{what}");
        assert!(!both.simulator.lets_in(WEB.1), "{what}");
        assert_eq!(both.is_forgotten(PHONE), all, "{what}");
        assert_eq!(result["pending"], 0, "{what}");
        // bob may use WebDAV, which remembers him for five minutes.
        assert!([0, 300].map(Value::from).contains(&result["effective_within_s"]), "{what}");
        if command == C::UsersRm {
            assert_eq!(result["effective_within_s"], 300, "{what}");
        }
        both.wait_until_no_token();
    }
}

#[test]
fn one_who_may_not_use_webdav_is_out_at_once() {
    let mut both = Both::altered("UPDATE auth_users SET webdav = 0 WHERE user_name = 'bob'");
    assert!(both.simulator.lets_in(WEB.1));
    let result = both.home.ok("auth.rm", json!({"session": WEB.0}));
    assert_eq!((&result["effective_within_s"], &result["pending"]), (&json!(0), &json!(0)));
    assert!(both.is_forgotten(WEB));
}

#[test]
fn where_nothing_ended_nothing_is_said_or_asked() {
    let mut both = Both::start();
    for (cmd, args) in [
        ("users.mod", json!({"user": "bob", "attr": ""})),
        ("users.mod", json!({"user": "bob", "display_name": "Robert"})),
        ("auth.add", json!({"name": "x", "scope": "*", "user": "bob"})),
    ] {
        let result = both.home.ok(cmd, args);
        for key in ["effective_within_s", "pending"] {
            assert!(result.get(key).is_none(), "{cmd} {result}");
        }
    }
    assert_eq!(both.simulator.requests(), []);
}

#[test]
fn the_token_is_in_no_list_and_count_and_goes() {
    let mut both = Both::start();
    assert!(both.simulator.lets_in(WEB.1));
    both.simulator.hold("DELETE /api/v1/sessions/", crate::simulator::Moment::Before);
    let mut client = both.home.connect();
    client.send(format!(
        "{}\n",
        json!({"cmd": "auth.rm", "args": {"session": WEB.0}, "confirm": true})
    ));
    both.simulator.wait_until_held();
    let own = "SELECT ref_id FROM auth_sessions WHERE client_name = 'photoprism-admin'";
    let rows = both.conn.rows(own, []);
    assert_eq!(rows.len(), 1, "there is one");
    let ref_id: String = rows[0].get(0).unwrap();
    let listed = both.home.ok("auth.ls", json!({"limit": 1000})).to_string();
    assert!(!listed.contains(&ref_id) && !listed.contains("photoprism-admin"), "{listed}");
    assert_eq!(both.home.refused("auth.show", json!({"session": ref_id}))["code"], "not_found");
    // Fourteen in the fixture, of which one has ended.
    assert_eq!(both.home.ok("status", json!({}))["counts"]["sessions"], 13);
    both.simulator.let_go();
    assert_eq!(client.reply()["ok"], true);
    both.wait_until_no_token();
    let token = both.simulator.requests().into_iter().find_map(|seen| seen.token).unwrap();
    wait_until("PhotoPrism forgets it", || !both.simulator.holds(&token));
    assert!(!both.home.stop().contains(&token), "its secret is in no log");
}

#[test]
fn sessions_made_from_another_end_with_it_and_are_not_asked_for() {
    let mut both = Both::start();
    let body = json!({"username": "bob", "password": PHONE.1});
    let login = Request::new("POST", "/api/v1/session").json(&body);
    let child = |simulator: &Simulator| -> String {
        let answer: Value = serde_json::from_str(&simulator.visit(&login).body).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    };
    let children = [child(&both.simulator), child(&both.simulator)];
    assert!(children.iter().all(|child| both.simulator.holds(child)));
    let result = both.home.ok("auth.rm", json!({"session": PHONE.0}));
    assert_eq!((&result["removed"], &result["pending"]), (&json!(3), &json!(0)), "{result}");
    assert!(both.is_forgotten(PHONE));
    for child in &children {
        assert!(!both.simulator.holds(child) && !both.simulator.lets_in(child));
    }
    assert_eq!(both.deletes(), [PHONE.0]);
}

#[test]
fn many_end_over_a_few_connections() {
    let mut both = Both::start();
    let sessions: Vec<_> = (0..60).map(|_| add_session(&both.conn, "bob", "*")).collect();
    for (_, token) in &sessions {
        assert!(both.simulator.lets_in(token));
    }
    let result = both.home.ok("users.rm", json!({"user": "bob"}));
    assert!(result["sessions_revoked"].as_u64().unwrap() >= 60, "{result}");
    for (ref_id, token) in &sessions {
        both.wait_until_forgotten((ref_id, token));
    }
    let (asked, opened) = (both.deletes().len(), both.simulator.connections());
    assert!((60..=70).contains(&asked), "one DELETE each: {asked}");
    assert!(opened <= 4, "{opened} connections");
    both.wait_until_no_token();
}

#[test]
fn one_whom_photoprism_does_not_know_costs_nobody_a_wait() {
    // Its row is not from lately: PhotoPrism cannot have it in memory.
    let old = "UPDATE auth_sessions SET last_active = 1, updated_at = '2026-01-01 00:00:00',
         created_at = '2026-01-01 00:00:00', login_at = '2026-01-01 00:00:00'";
    let mut both = Both::altered(old);
    let result = both.home.ok("auth.rm", json!({"session": WEB.0}));
    assert!(!has_row(&both.conn, WEB.0));
    assert_eq!(result["pending"], 0, "{result}");
    assert_eq!(both.deletes(), [""; 0]);
    let dave = both.home.ok("auth.rm", json!({"session": DAVE}));
    assert_eq!(dave["pending"], 0, "{dave}");
}
