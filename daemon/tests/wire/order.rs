//! Lines that are wrong in two ways at once: the earlier check speaks.

use serde_json::json;

use crate::common::json::{Ask, fault};
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

fn refusal(asked: &mut impl Ask, line: &str) -> (String, String) {
    let reply = asked.reply_to(line);
    assert_eq!(reply["ok"], false, "{line}: {reply}");
    fault(&reply["error"])
}

fn check(asked: &mut impl Ask, cases: &[(&str, &str, &str)]) {
    for (line, code, field) in cases {
        assert_eq!(refusal(asked, line), ((*code).to_owned(), (*field).to_owned()), "{line}");
    }
}

#[test]
fn from_the_line_to_the_confirmation() {
    let mut home = TestDaemon::started();
    check(
        &mut home,
        &[
            // Keys and id of the request before the command.
            (r#"{"cmd":"nope","x":1}"#, "bad_request", "x"),
            (r#"{"cmd":"nope","id":1.5}"#, "bad_request", "id"),
            (r#"{"cmd":"nope","key":7}"#, "bad_request", "key"),
            (r#"{"cmd":"nope","args":7}"#, "bad_request", "args"),
            // The command before its arguments and the key's form.
            (r#"{"cmd":"nope","args":{"x":1},"key":"short"}"#, "bad_request", "cmd"),
            // Names and types before the key, the confirmation and the values.
            (r#"{"cmd":"users.rm","args":{"usr":"bob"},"key":"short"}"#, "bad_request", "usr"),
            (r#"{"cmd":"users.rm","args":{},"key":"short"}"#, "bad_request", "user"),
            (r#"{"cmd":"users.ls","args":{"limit":0,"search":7}}"#, "bad_request", "search"),
            (r#"{"cmd":"ping","args":{"x":1},"key":"12345678"}"#, "bad_request", "x"),
            // The key before the confirmation, the confirmation before the values.
            (
                r#"{"cmd":"users.rm","args":{"user":"a\u0000"},"key":"short"}"#,
                "invalid_argument",
                "key",
            ),
            (r#"{"cmd":"users.rm","args":{"user":"a\u0000"}}"#, "confirm_required", ""),
            (
                r#"{"cmd":"users.rm","args":{"user":"a\u0000"},"confirm":false}"#,
                "confirm_required",
                "",
            ),
            (r#"{"cmd":"users.rm","args":{"user":"nobody"}}"#, "confirm_required", ""),
            (r#"{"cmd":"passwd.remove","args":{"user":"admin"}}"#, "confirm_required", ""),
            (r#"{"cmd":"users.reset"}"#, "confirm_required", ""),
            (
                r#"{"cmd":"users.ls","args":{"limit":0},"key":"12345678"}"#,
                "invalid_argument",
                "key",
            ),
            (r#"{"cmd":"ping","key":"12345678"}"#, "invalid_argument", "key"),
            (r#"{"cmd":"status","key":"12345678"}"#, "invalid_argument", "key"),
            (r#"{"cmd":"audit.verify","key":"12345678"}"#, "invalid_argument", "key"),
        ],
    );
    // The confirmation is allowed everywhere.
    assert_eq!(home.ask(r#"{"cmd":"ping","confirm":true}"#)["ok"], true);
    assert_eq!(
        home.ask(r#"{"cmd":"users.show","args":{"user":"admin"},"confirm":false}"#)["ok"],
        true
    );
    assert_eq!(home.ok("users.ls", json!({}))["items"].as_array().unwrap().len(), 1);
}

/// With bob, whose email is taken, and gone, who is deleted.
fn home_of_bob() -> TestDaemon {
    let mut home = TestDaemon::started();
    let taken = json!({"name": "bob", "role": "user", "password": "longenough",
        "email": "bob@example.com"});
    home.ok("users.add", taken);
    home.ok("users.add", json!({"name": "gone", "role": "user", "password": "longenough"}));
    home.ok("users.rm", json!({"user": "gone"}));
    home
}

#[test]
fn values_come_before_the_database() {
    check(
        &mut home_of_bob(),
        &[
            // Values before the database.
            (
                r#"{"cmd":"users.mod","args":{"user":"nobody","role":"king"}}"#,
                "invalid_argument",
                "role",
            ),
            (
                r#"{"cmd":"users.mod","args":{"user":"gone","email":"x"}}"#,
                "invalid_argument",
                "email",
            ),
            (
                r#"{"cmd":"users.add","args":{"name":"bob","role":"king"}}"#,
                "invalid_argument",
                "role",
            ),
            (r#"{"cmd":"users.add","args":{"name":"bob"}}"#, "invalid_argument", "role"),
        ],
    );
}

#[test]
fn from_the_database_to_the_rules_between_fields() {
    check(
        &mut home_of_bob(),
        &[
            (
                r#"{"cmd":"passwd.set","args":{"user":"nobody","password":"short"}}"#,
                "invalid_argument",
                "password",
            ),
            // The database before the rules between fields.
            (r#"{"cmd":"users.add","args":{"name":"bob","role":"user"}}"#, "exists", "name"),
            (
                r#"{"cmd":"users.add","args":{"name":"bob","role":"user","provider":"oidc"}}"#,
                "exists",
                "name",
            ),
            (
                r#"{"cmd":"users.add","args":{"name":"new","role":"user","email":"bob@example.com"}}"#,
                "exists",
                "email",
            ),
            (r#"{"cmd":"users.mod","args":{"user":"nobody","provider":"oidc"}}"#, "not_found", ""),
            (r#"{"cmd":"users.mod","args":{"user":"gone","provider":"oidc"}}"#, "not_found", ""),
            // Rules over other data before the rules between fields.
            (r#"{"cmd":"users.mod","args":{"user":"admin","role":"guest"}}"#, "conflict", ""),
            (r#"{"cmd":"users.mod","args":{"user":"admin","provider":"oidc"}}"#, "conflict", ""),
            (
                r#"{"cmd":"users.mod","args":{"user":"u000000000000001","provider":"oidc"}}"#,
                "conflict",
                "",
            ),
            (
                r#"{"cmd":"passwd.set","args":{"user":"u000000000000002","password":"longenough"}}"#,
                "conflict",
                "",
            ),
        ],
    );
}

#[test]
fn the_right_comes_before_the_arguments() {
    if !is_root() {
        return skipped("needs root");
    }
    let home = TestDaemon::new().args([
        "--socket-group",
        "54321",
        "--allow",
        "write=uid:54001",
        "--allow",
        "verify=uid:54002",
    ]);
    let mut home = home;
    home.start();
    open_to_all(&home.socket());
    let mut peer = Peer::connect(&home.socket(), Who { uid: 54_002, gid: 54_002, groups: &[] });
    check(
        &mut peer,
        &[
            (r#"{"cmd":"nope"}"#, "bad_request", "cmd"),
            (r#"{"cmd":"users.ls","x":1}"#, "bad_request", "x"),
            (r#"{"cmd":"users.ls","args":{"x":1},"key":"short"}"#, "forbidden", ""),
            (r#"{"cmd":"users.rm","args":{},"key":"short"}"#, "forbidden", ""),
            (r#"{"cmd":"doctor","args":{"x":1}}"#, "forbidden", ""),
            (r#"{"cmd":"auth.verify","args":{"x":1}}"#, "bad_request", "x"),
        ],
    );
    let mut peer = Peer::connect(&home.socket(), Who { uid: 54_001, gid: 54_001, groups: &[] });
    check(
        &mut peer,
        &[
            (r#"{"cmd":"users.reset","args":{"x":1}}"#, "forbidden", ""),
            (r#"{"cmd":"backup.restore"}"#, "forbidden", ""),
            (r#"{"cmd":"users.rename","key":"x"}"#, "bad_request", "user"),
            (
                r#"{"cmd":"passwd.set","args":{"user":"nobody","password":"longenough","show_hash":true}}"#,
                "forbidden",
                "show_hash",
            ),
            (
                r#"{"cmd":"passwd.set","args":{"user":"nobody","password":"short","show_hash":true}}"#,
                "forbidden",
                "show_hash",
            ),
            (
                r#"{"cmd":"passwd.set","args":{"user":"nobody","password":"longenough","show_hash":false}}"#,
                "not_found",
                "",
            ),
        ],
    );
}

#[test]
fn rules_between_fields_come_last_and_name_what_was_given() {
    let mut home = TestDaemon::started();
    home.ok("users.add", json!({"name": "bob", "role": "user", "password": "longenough"}));
    check(
        &mut home,
        &[
            (
                r#"{"cmd":"users.mod","args":{"user":"bob","super_admin":true}}"#,
                "invalid_argument",
                "super_admin",
            ),
            (
                r#"{"cmd":"users.mod","args":{"user":"bob","provider":"oidc"}}"#,
                "invalid_argument",
                "provider",
            ),
        ],
    );
}
