//! A running PhotoPrism is notified of what ends, and each reply says when that takes effect.

use serde_json::{Value, json};

use crate::api::{Api, Mode, notifying};
use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::{TestDaemon, on_mariadb};
use crate::ghost::wait_until;
use crate::setup::{number, own_tables, photoprism, texts, warnings};

/// bob's app password of the fixture for WebDAV, and his web session; an admin's app password.
const PHONE: &str = "sessbo4hwg3t";
const WEB: &str = "sessqf0mn4tk";

fn keys(reply: &Value) -> (Value, Value) {
    let result = &reply["result"];
    (result["effective_within_s"].clone(), result["pending"].clone())
}

fn is_there(conn: &Database, ref_id: &str) -> bool {
    number(conn, &format!("SELECT count(*) FROM auth_sessions WHERE ref_id = '{ref_id}'")) > 0
}

fn states(home: &TestDaemon) -> Vec<String> {
    texts(&own_tables(home).1, "SELECT state FROM admin_ended ORDER BY state")
}

/// Nothing is left of the daemon's own sessions.
fn wait_until_tokens_are_gone(home: &TestDaemon, conn: &Database) {
    let tokens = "SELECT count(*) FROM auth_sessions WHERE client_name = 'photoprism-admin'";
    wait_until("no token is left", || number(conn, tokens) == 0);
    let entries = "SELECT count(*) FROM admin_ended WHERE state = 'token'";
    wait_until("no token has an entry", || number(&own_tables(home).1, entries) == 0);
}

/// The deletions that were asked for.
fn deletions(api: &Api) -> Vec<String> {
    let seen = api.seen().into_iter();
    seen.filter_map(|request| Some(request.strip_prefix("DELETE /api/v1/sessions/")?.to_owned()))
        .collect()
}

#[test]
fn a_reply_comes_after_photoprism_has_forgotten() {
    let (mut home, api) = notifying();
    let conn = photoprism(&home);
    let reply = home.confirmed("auth.rm", json!({"session": WEB}));
    assert_eq!(deletions(&api), [WEB], "before the reply");
    assert!(!is_there(&conn, WEB));
    // bob may use WebDAV.
    assert_eq!(keys(&reply), (json!(300), json!(0)), "{reply}");
    assert!(warnings(&reply)[0].contains("over WebDAV"), "{reply}");
    assert_eq!(reply["result"]["removed"], 1);
    wait_until_tokens_are_gone(&home, &conn);
    assert_eq!(states(&home), ["ended"], "it is watched for as long as before");
    api.wait_for("DELETE /api/v1/session", 2);
    assert_eq!(api.seen().last().unwrap(), "DELETE /api/v1/session");
}

#[test]
fn a_change_of_rights_takes_effect_at_once_where_nobody_uses_webdav() {
    let (mut home, api) = notifying();
    let conn = photoprism(&home);
    let reply = home.confirmed("users.mod", json!({"user": "dave", "attr": "x"}));
    assert_eq!(keys(&reply), (json!(0), json!(0)), "{reply}");
    assert_eq!(warnings(&reply), [""; 0]);
    assert_eq!(deletions(&api).len() as u64, reply["result"]["sessions_revoked"].as_u64().unwrap());
    let nothing = home.confirmed("users.mod", json!({"user": "dave", "attr": "x"}));
    assert_eq!(keys(&nothing), (Value::Null, Value::Null), "{nothing}");
    wait_until_tokens_are_gone(&home, &conn);
}

/// A parent takes its children with it.
#[test]
fn one_request_is_sent_for_a_session_and_those_created_from_it() {
    let (mut home, api) = notifying();
    let conn = photoprism(&home);
    for number in 0..3 {
        let insert = format!(
            "INSERT INTO auth_sessions (id, ref_id, user_uid, auth_provider, auth_method, auth_id,
               sess_expires, sess_timeout, last_active)
             SELECT '{number:x}{}', 'sesschild00{number}', user_uid, 'application', 'session', id,
               -1, 0, last_active FROM auth_sessions WHERE ref_id = '{PHONE}'",
            "f".repeat(63)
        );
        conn.execute(&insert, []).unwrap();
    }
    let reply = home.confirmed("auth.rm", json!({"session": PHONE}));
    assert_eq!((&reply["result"]["removed"], keys(&reply).1), (&json!(4), json!(0)), "{reply}");
    assert_eq!(deletions(&api), [PHONE]);
    wait_until_tokens_are_gone(&home, &conn);
    assert_eq!(states(&home), ["ended"; 4]);
}

#[test]
fn what_it_does_not_forget_is_pending_kept_hidden_and_tried_again() {
    for mode in [Mode::Status(500), Mode::Pretends, Mode::Public, Mode::Status(307), Mode::Hangs] {
        let (mut home, api) = notifying();
        let conn = photoprism(&home);
        let before = home.ok("status", json!({}))["counts"]["sessions"].as_u64().unwrap();
        api.set(mode);
        let watch = photoprism_daemon::clock::Stopwatch::start();
        let reply = home.confirmed("auth.rm", json!({"session": WEB}));
        assert!(watch.elapsed().as_secs() < 4, "{mode:?} {:?}", watch.elapsed());
        assert_eq!(keys(&reply), (json!(900), json!(1)), "{mode:?} {reply}");
        assert!(warnings(&reply)[0].contains("still to be notified"), "{reply}");
        let kept = "SELECT sess_expires FROM auth_sessions WHERE ref_id = 'sessqf0mn4tk'";
        assert_eq!(number(&conn, kept), 1, "{mode:?}");
        assert_eq!(home.refused("auth.show", json!({"session": WEB}))["code"], "not_found");
        assert!(!home.ok("auth.ls", json!({"limit": 1000})).to_string().contains(WEB));
        assert_eq!(home.ok("status", json!({}))["counts"]["sessions"], before - 1);
        let backup = home.ok("backup.create", json!({}));
        assert_eq!(backup["counts"]["sessions"], before - 1, "{mode:?} {backup}");
        let again = home.refused("auth.rm", json!({"session": WEB}));
        assert_eq!(again["code"], "not_found");
        api.set(Mode::Works);
        wait_until("it is forgotten", || !is_there(&conn, WEB));
        wait_until("the entry is done", || states(&home).iter().all(|state| state == "ended"));
        wait_until_tokens_are_gone(&home, &conn);
        let log = home.stop();
        assert!(log.contains("was not notified"), "{mode:?} {log}");
    }
}

#[test]
fn an_answer_that_is_lost_is_asked_for_again() {
    let (mut home, api) = notifying();
    let conn = photoprism(&home);
    api.set(Mode::HangsUp);
    let reply = home.confirmed("auth.rm", json!({"session": WEB}));
    assert_eq!(reply["ok"], true, "{reply}");
    wait_until("the entry is done", || states(&home).iter().all(|state| state == "ended"));
    assert!(!is_there(&conn, WEB));
}

#[test]
fn other_requests_do_not_wait_for_a_photoprism_that_hangs() {
    let (mut home, api) = notifying();
    api.set(Mode::Hangs);
    let mut other = home.connect();
    let waiting = {
        let mut client = home.connect();
        std::thread::spawn(move || client.confirmed("auth.rm", json!({"session": WEB})))
    };
    api.wait_for(&format!("DELETE /api/v1/sessions/{WEB}"), 1);
    for number in 0..3 {
        other.ok("users.show", json!({"user": "bob"}));
        other.ok("users.mod", json!({"user": "bob", "display_name": format!("Bob {number}")}));
    }
    assert!(!waiting.is_finished(), "its reply came first");
    assert_eq!(keys(&waiting.join().unwrap()).1, 1);
    api.set(Mode::Works);
    wait_until("it is done", || states(&home).iter().all(|state| state == "ended"));
    drop(home.stop());
}

#[test]
fn it_goes_on_after_a_crash() {
    let (mut home, api) = notifying();
    let conn = photoprism(&home);
    api.set(Mode::Hangs);
    let reply = home.confirmed("users.rm", json!({"user": "bob"}));
    assert_eq!(keys(&reply).1, reply["result"]["sessions_revoked"], "{reply}");
    home.kill();
    api.set(Mode::Works);
    home.start();
    for session in [PHONE, WEB] {
        wait_until("it is forgotten", || !is_there(&conn, session));
    }
    wait_until("the entries are done", || states(&home).iter().all(|state| state == "ended"));
    wait_until_tokens_are_gone(&home, &conn);
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

#[test]
fn a_token_that_is_refused_is_not_tried_again_at_once() {
    for status in [401, 403, 429] {
        let (mut home, api) = notifying();
        let conn = photoprism(&home);
        api.set(Mode::Status(status));
        let reply = home.confirmed("auth.rm", json!({"session": WEB}));
        assert_eq!(keys(&reply), (json!(900), json!(1)), "{reply}");
        // Another one comes; it waits too.
        let reply = home.confirmed("auth.rm", json!({"session": PHONE}));
        assert_eq!(keys(&reply), (json!(900), json!(2 - 1)), "{reply}");
        assert_eq!(deletions(&api).len(), 1, "{status}");
        wait_until_tokens_are_gone(&home, &conn);
    }
}

#[test]
fn what_comes_back_is_ended_in_photoprism_too() {
    let (mut home, api) = notifying();
    let conn = photoprism(&home);
    let mut ghost = crate::ghost::Ghost::load(&conn, WEB);
    home.ok("auth.rm", json!({"session": WEB}));
    ghost.save(&conn, "203.0.113.99");
    assert_eq!(home.refused("auth.show", json!({"session": WEB}))["code"], "not_found");
    api.wait_for(&format!("DELETE /api/v1/sessions/{WEB}"), 2);
    ghost.wait_until_gone(&conn);
    wait_until("the entry is done", || states(&home) == ["ended"]);
    let log = home.running().wait_for_log("PhotoPrism still honours");
    assert!(log.contains("set --photoprism-url"), "{log}");
}

#[test]
fn a_reset_ends_all_in_photoprism_and_a_restore_brings_them_back() {
    let (mut home, api) = notifying();
    let conn = photoprism(&home);
    let reply = home.confirmed("auth.reset", json!({}));
    assert_eq!(reply["ok"], true, "{reply}");
    assert_eq!(keys(&reply), (json!(300), json!(0)), "{reply}");
    let asked = deletions(&api).len();
    assert!(asked > 5, "{asked}");
    wait_until_tokens_are_gone(&home, &conn);
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_sessions"), 0);
    let backup = reply["result"]["backup"].as_str().unwrap();
    let file = std::path::Path::new(backup).file_name().unwrap().to_str().unwrap();
    api.set(Mode::Status(500));
    let restored = json!({"file": file, "with_sessions": true});
    let reply = home.confirmed("backup.restore", restored.clone());
    assert_eq!(reply["ok"], true, "{reply}");
    assert_eq!(home.ok("auth.show", json!({"session": WEB}))["session"]["id"], WEB);
    // Those that are kept give way to those of the backup.
    home.ok("auth.rm", json!({"session": WEB}));
    let reply = home.confirmed("backup.restore", restored);
    assert_eq!(reply["ok"], true, "{reply}");
    assert_eq!(home.ok("auth.show", json!({"session": WEB}))["session"]["id"], WEB);
    let pending = "SELECT count(*) FROM admin_ended WHERE state = 'pending'";
    wait_until("nothing is pending", || number(&own_tables(&home).1, pending) == 0);
}

#[test]
fn doctor_says_what_answers_and_whether_it_forgets() {
    let (mut home, api) = notifying();
    let row = |report: &Value, name: &str| {
        let checks = report["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["check"] == name)
    };
    let report = home.ok("doctor", json!({}));
    let found = row(&report, "photoprism").unwrap();
    assert_eq!(found["ok"], true, "{found}");
    assert!(found["found"].as_str().unwrap().contains("refuses a session"), "{found}");
    assert_eq!(row(&report, "photoprism's network"), None, "it is loopback");
    let conn = photoprism(&home);
    wait_until_tokens_are_gone(&home, &conn);
    let refused = api.seen().iter().filter(|request| *request == "GET /api/v1/session").count();
    home.ok("doctor", json!({}));
    let later = api.seen().iter().filter(|request| *request == "GET /api/v1/session").count();
    assert_eq!((refused, later), (2, 2), "it is not asked again at once");
    home.restart();
    api.set(Mode::Pretends);
    let found = row(&home.ok("doctor", json!({})), "photoprism").unwrap();
    assert_eq!(found["ok"], false, "{found}");
    assert!(found["found"].as_str().unwrap().contains("still accepts"), "{found}");
}

#[test]
fn the_address_is_refused_where_it_cannot_be_used() {
    for url in ["https://127.0.0.1:2342", "http://admin:canary@127.0.0.1", "photoprism"] {
        let home = TestDaemon::new()
            .with_database(crate::setup::fixture())
            .args(["--photoprism-url", url]);
        let output = home.ends();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("photoprism-url") && !text.contains("canary"), "{text}");
    }
}

#[test]
fn an_own_database_takes_no_address_and_is_not_created() {
    if on_mariadb() {
        return;
    }
    let mut home = TestDaemon::new();
    let with_url = |home: &TestDaemon| {
        let mut command = home.command();
        command.args(["--photoprism-url", "http://127.0.0.1:2342"]);
        let output = crate::common::run_to_end(&mut command);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("photoprism-url"), "{text}");
    };
    with_url(&home);
    assert!(!home.database().exists(), "nothing is created");
    home.start();
    home.stop();
    with_url(&home);
}
