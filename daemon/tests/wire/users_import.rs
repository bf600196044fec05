//! `users.export` and `users.import`.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Sends a text in small parts.
pub(crate) fn sent(asked: &mut impl Ask, text: &str) -> String {
    let mut id = Value::Null;
    let mut rest = text;
    loop {
        let end = rest.char_indices().map(|(at, _)| at).take(10_000).last().unwrap_or(0);
        let end = if rest.chars().count() <= 10_000 { rest.len() } else { end };
        let mut args = json!({"text": rest[..end]});
        if !id.is_null() {
            args["import"] = id.clone();
        }
        id = asked.ok("users.import", args)["import"].clone();
        rest = &rest[end..];
        if rest.is_empty() {
            return id.as_str().unwrap().to_owned();
        }
    }
}

/// Runs an import to its end: counts, and all items.
fn ran(asked: &mut impl Ask, id: &str, options: &Value) -> (Value, Vec<Value>) {
    let mut args = options.clone();
    args["import"] = id.into();
    args["run"] = true.into();
    let mut result = asked.ok("users.import", args.clone());
    while result["done"] == false {
        assert_eq!(result["missing_files"], json!([]), "{result}");
        result = asked.ok("users.import", args.clone());
    }
    let mut items = result["items"].as_array().unwrap().clone();
    let counts = result["counts"].clone();
    while let Some(next) = result["next"].as_str() {
        result = asked.ok("users.import", json!({"import": id, "cursor": next}));
        items.extend(result["items"].as_array().unwrap().clone());
    }
    // What was read to its end is forgotten.
    let again = asked.refused("users.import", json!({"import": id, "cursor": "0"}));
    assert_eq!(again["code"], "not_found");
    (counts, items)
}

pub(crate) fn imported(asked: &mut impl Ask, text: &str, options: &Value) -> (Value, Vec<Value>) {
    let id = sent(asked, text);
    ran(asked, &id, options)
}

/// `line name outcome code field`, of each item.
fn outcomes(items: &[Value]) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |item: &Value| {
        let words = ["name", "outcome", "code", "field"].map(|key| word(&item[key]));
        format!("{} {}", item["line"], words.join(" ")).trim_end().to_owned()
    };
    items.iter().map(line).collect()
}

pub(crate) fn exported(asked: &mut impl Ask, args: Value) -> String {
    let mut args = args;
    let mut text = String::new();
    loop {
        let page = asked.ok("users.export", args.clone());
        for item in page["items"].as_array().unwrap() {
            text += &item.to_string();
            text.push('\n');
        }
        let Some(next) = page["next"].as_str() else { return text };
        args["cursor"] = next.into();
    }
}

pub(crate) fn names(home: &TestDaemon) -> Vec<String> {
    let users = home.connect().ok("users.ls", json!({}))["items"].clone();
    users.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().into()).collect()
}

const ROWS: &str = r#"{"name":"bob","role":"user","password":"correct horse","email":"bob@example.com"}
{"name":"b b","role":"user","password":"correct horse"}

{"name":"eve","role":"guest","provider":"none","expires_at":"2035-01-31"}
{"name":"zoe","role":"boss"}
{"name":"tom","role":"user","colour":"red"}
{"name":"kim","role":"user","email":"BOB@example.com"}
no json
{"name":"Ann","role":"viewer"}
{"name":"ann","role":"viewer"}
{"name":"max"}
{"name":"ted","role":"user","password":"ted"}
{"name":"two","role":"user","password":"correct horse","password_hash":"x"}
{"name":"rec","role":"user","recovery_code":"x"}
{"name":"tot","role":"user","totp_url":"otpauth://hotp/x"}
{"name":"has","role":"user","password_hash":"secret"}
"#;

/// A key that would do, with a parameter that makes it longer than PhotoPrism's column.
#[test]
fn a_two_factor_key_has_the_length_of_its_column() {
    let mut home = TestDaemon::started();
    let url = |more: usize| {
        let key = "A".repeat(32);
        format!("otpauth://totp/PhotoPrism:x?secret={key}&x={}", "y".repeat(more))
    };
    let room = 2048 - url(0).len();
    let row = |name: &str, more| json!({"name": name, "role": "user", "totp_url": url(more)});
    let text = format!("{}\n{}\n", row("bob", room), row("eve", room + 1));
    let (_, items) = imported(&mut home, &text, &json!({}));
    assert_eq!(outcomes(&items), ["1 bob added", "2 eve refused invalid_argument totp_url"]);
}

#[test]
fn each_row_has_a_result_and_a_second_run_changes_nothing() {
    let mut home = TestDaemon::started();
    let (counts, items) = imported(&mut home, ROWS, &json!({}));
    let expected = [
        "1 bob added",
        "2  refused invalid_argument name",
        "4 eve added",
        "5 zoe refused invalid_argument role",
        "6 tom refused bad_request colour",
        "7 kim refused exists email",
        "8  refused invalid_argument text",
        "9 ann added",
        "10 ann refused conflict",
        "11 max refused invalid_argument role",
        "12 ted refused invalid_argument password",
        "13 two refused invalid_argument password",
        "14 rec refused invalid_argument recovery_code",
        "15 tot refused invalid_argument totp_url",
        "16 has refused invalid_argument password_hash",
    ];
    assert_eq!(outcomes(&items), expected);
    assert_eq!(
        (&counts["added"], &counts["unchanged"], &counts["refused"]),
        (&json!(3), &json!(0), &json!(12))
    );
    assert_eq!(names(&home), ["admin", "bob", "eve", "ann"]);
    let eve = home.ok("users.show", json!({"user": "eve"}))["user"].clone();
    assert_eq!(eve["expires_at"], "2035-01-31T00:00:00Z");
    assert_eq!(home.ok("users.show", json!({"user": "ann"}))["user"]["has_password"], false);
    let login = json!({"name": "bob", "password": "correct horse", "client_ip": "192.0.2.1", "session": false});
    home.ok("auth.login", login);
    // Each created account has a record, and so has the whole import.
    let trail = home.ok("audit.ls", json!({}))["items"].clone();
    let uid = &home.ok("users.show", json!({"user": "bob"}))["user"]["uid"];
    let about: Vec<&Value> =
        trail.as_array().unwrap().iter().map(|record| &record["target"]).collect();
    assert!(about.len() == 4 && about.contains(&uid) && about[0] == "", "{trail}");

    let before = home.ok("users.show", json!({"user": "bob"}));
    let (counts, items) = imported(&mut home, ROWS, &json!({}));
    assert_eq!(
        (&counts["added"], &counts["unchanged"], &counts["refused"]),
        (&json!(0), &json!(3), &json!(12))
    );
    assert_eq!(items[0]["outcome"], "unchanged");
    assert_eq!(home.ok("users.show", json!({"user": "bob"})), before);
}

#[test]
fn a_dry_run_replies_the_same_and_leaves_nothing() {
    let mut home = TestDaemon::started();
    let before = (home.ok("audit.verify", json!({})), names(&home));
    let (tried, items) = imported(&mut home, ROWS, &json!({"dry_run": true}));
    assert_eq!((home.ok("audit.verify", json!({})), names(&home)), before);
    let (done, same) = imported(&mut home, ROWS, &json!({}));
    assert_eq!((tried, items), (done, same));
}

#[test]
fn an_export_with_secrets_creates_the_same_accounts_elsewhere() {
    let (mut here, mut there) = (TestDaemon::started(), TestDaemon::started());
    here.ok(
        "users.add",
        json!({"name": "bob", "role": "user", "password": "correct horse",
        "webdav": true, "email": "bob@example.com", "base_path": "~", "attr": "x=1"}),
    );
    here.ok(
        "users.add",
        json!({"name": "eve", "role": "guest", "provider": "oidc", "auth_id": "12345"}),
    );
    here.ok("users.add", json!({"name": "old", "role": "guest", "provider": "none"}));
    here.ok("users.rm", json!({"user": "old"}));
    here.ok("users.2fa.enroll", json!({"user": "eve"}));
    let key = here.ok("users.2fa.enroll", json!({"user": "bob"}))["key"].clone();
    let code = crate::golden::code(key.as_str().unwrap());
    here.ok("users.2fa.confirm", json!({"user": "bob", "passcode": code}));

    let plain = exported(&mut here, json!({"limit": 1}));
    let plain_lines: Vec<Value> =
        plain.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(plain_lines.len(), 3, "{plain}");
    for word in ["password_hash", "totp_url", "recovery_code", "$argon2"] {
        assert!(!plain.contains(word), "{plain}");
    }
    let secret = exported(&mut here, json!({"secrets": true}));
    assert!(secret.contains("$argon2id$") && secret.matches("otpauth://").count() == 1, "{secret}");

    let (counts, _) = imported(&mut there, &secret, &json!({}));
    assert_eq!(
        (&counts["added"], &counts["refused"], &counts["kept"]),
        (&json!(2), &json!(0), &json!(0))
    );
    let login = json!({"name": "bob", "password": "correct horse", "client_ip": "192.0.2.1", "session": false});
    assert_eq!(there.refused("auth.login", login)["code"], "passcode_required");
    assert_eq!(there.ok("users.2fa.show", json!({"user": "bob"}))["has_recovery_code"], true);
    assert_eq!(
        exported(&mut there, json!({"secrets": true, "search": "bob"})),
        exported(&mut here, json!({"secrets": true, "search": "bob"}))
    );
    // The admin there has no password, and is left alone.
    assert_eq!(there.ok("users.show", json!({"user": "admin"}))["user"]["has_password"], false);

    let mut third = TestDaemon::started();
    let (counts, _) = imported(&mut third, &plain, &json!({}));
    assert_eq!(counts["added"], 2);
    assert_eq!(third.ok("users.show", json!({"user": "bob"}))["user"]["has_password"], false);
    let log = here.stop();
    assert!(log.contains("password hashes and two-factor keys were exported"), "{log}");
}

#[test]
fn without_update_what_differs_is_left_alone_and_with_it_changed() {
    let mut home = TestDaemon::started();
    let base = "name;role;password;email\nbob;user;correct horse;\neve;guest;correct horse;\n";
    imported(&mut home, base, &json!({}));
    let token = home.ok(
        "auth.login",
        json!({"name": "bob", "password": "correct horse", "client_ip": "192.0.2.1"}),
    );
    let token = json!({"token": token["secret"]});
    let other = "name;role;password;email\nbob;viewer;staple and paper;bob@example.com\neve;guest;correct horse;\n";
    let (counts, items) = imported(&mut home, other, &json!({}));
    assert_eq!((&counts["kept"], &counts["unchanged"]), (&json!(1), &json!(1)));
    assert_eq!(items[0]["changed"], json!(["role", "email"]));
    assert_eq!(home.ok("auth.verify", token.clone())["active"], true);

    let changed = json!(["role", "password", "email"]);
    let (_, items) = imported(&mut home, other, &json!({"update": true, "dry_run": true}));
    assert_eq!((&items[0]["outcome"], &items[0]["changed"]), (&json!("updated"), &changed));
    assert_eq!(items[1]["outcome"], "unchanged");
    assert_eq!(home.ok("auth.verify", token.clone())["active"], true);
    let (counts, items) = imported(&mut home, other, &json!({"update": true}));
    assert_eq!((&counts["updated"], &counts["unchanged"]), (&json!(1), &json!(1)));
    assert_eq!((&items[0]["changed"], &items[0]["sessions_revoked"]), (&changed, &json!(1)));
    assert_eq!(home.ok("auth.verify", token)["active"], false);
    let login = json!({"name": "bob", "password": "staple and paper", "client_ip": "192.0.2.1", "session": false});
    home.ok("auth.login", login);
    let (counts, _) = imported(&mut home, other, &json!({"update": true}));
    assert_eq!((&counts["updated"], &counts["unchanged"]), (&json!(0), &json!(2)));
}

#[test]
fn pruning_wants_a_confirmation_and_stops_at_a_refused_row() {
    let mut home = TestDaemon::started();
    imported(&mut home, "name,role\nbob,user\neve,guest\n", &json!({}));
    let only = "name,role\nbob,user\n";
    let id = sent(&mut home, only);
    let run = json!({"import": id, "run": true, "update": true, "prune": true});
    assert_eq!(home.call("users.import", run.clone())["error"]["code"], "confirm_required");
    let tried = home
        .call("users.import", json!({"import": id, "run": true, "prune": true, "dry_run": true}));
    assert_eq!(tried["result"]["counts"]["pruned"], 1, "{tried}");
    assert_eq!(names(&home), ["admin", "bob", "eve"]);
    let (counts, _) = imported(&mut home, &format!("{only}e e,user\n"), &json!({"prune": true}));
    assert_eq!((&counts["pruned"], &counts["refused"]), (&json!(0), &json!(1)));
    let (counts, items) = imported(&mut home, only, &json!({"prune": true}));
    assert_eq!(counts["pruned"], 1);
    assert_eq!(outcomes(&items), ["2 bob unchanged", "0 eve pruned"]);
    assert_eq!(names(&home), ["admin", "bob"]);
    // A deleted account keeps its name.
    let (_, items) = imported(&mut home, "name,role\neve,guest\n", &json!({"update": true}));
    assert_eq!(outcomes(&items), ["2 eve refused exists name"]);
    assert!(items[0]["message"].as_str().unwrap().contains("photoprism users restore eve"));
}

#[test]
fn the_last_super_admin_is_safe_from_a_file() {
    let mut home = TestDaemon::started();
    home.ok("passwd.set", json!({"user": "admin", "password": "correct horse"}));
    let row = "{\"name\":\"admin\",\"super_admin\":false}\n";
    let (_, items) = imported(&mut home, row, &json!({"update": true}));
    assert_eq!(outcomes(&items), ["1 admin refused conflict"]);
    assert_eq!(home.ok("users.show", json!({"user": "admin"}))["user"]["super_admin"], true);
}

#[test]
fn passwords_come_from_files_that_the_client_reads() {
    let mut home = TestDaemon::started();
    let toml = "[[account]]\nname = 'bob'\nrole = 'user'\npassword_file = 'secrets/bob'\n\
                [[account]]\nname = 'eve'\nrole = 'user'\npassword_file = 'secrets/eve'\n";
    let id = sent(&mut home, toml);
    let run = json!({"import": id, "run": true, "update": true});
    let result = home.ok("users.import", run.clone());
    assert_eq!(
        (&result["done"], &result["missing_files"]),
        (&json!(false), &json!(["secrets/bob", "secrets/eve"]))
    );
    let give = |home: &mut TestDaemon, id: &str| {
        for (file, password) in [("secrets/bob", "correct horse"), ("secrets/eve", "short")] {
            let args = json!({"import": id, "file": file, "password": password});
            home.ok("users.import", args);
        }
    };
    give(&mut home, &id);
    let (_, items) = ran(&mut home, &id, &json!({"update": true}));
    assert_eq!(outcomes(&items), ["1 bob added", "5 eve refused invalid_argument password"]);
    let again = sent(&mut home, toml);
    home.ok("users.import", json!({"import": again, "run": true, "update": true}));
    give(&mut home, &again);
    let (counts, _) = ran(&mut home, &again, &json!({"update": true}));
    assert_eq!(counts["unchanged"], 1);
}

#[test]
fn many_rows_are_one_transaction_with_results_in_pages() {
    let mut home = TestDaemon::started();
    let row = |n: usize| {
        format!(
            "{{\"name\":\"user{n}\",\"role\":\"guest\",\"display_name\":\"{}\"}}\n",
            "ä".repeat(150)
        )
    };
    let text: String = (0..2500).map(row).collect();
    let mut client = home.connect();
    let (counts, items) = imported(&mut client, &text, &json!({}));
    assert_eq!((&counts["added"], items.len()), (&json!(2500), 2500));
    let lines: Vec<u64> = items.iter().map(|item| item["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, (1..=2500).collect::<Vec<_>>());
    let export = exported(&mut client, json!({"limit": 1000}));
    assert_eq!(export.lines().count(), 2501);
    let (counts, _) = imported(&mut client, &export, &json!({"update": true}));
    assert_eq!(counts["unchanged"], 2501);
    home.kill();
    home.start();
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], 2501);
}
