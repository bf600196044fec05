//! What changes accounts: `users add`, `mod`, `rm`, `restore`, `reset`, without a terminal.

mod common;

use common::{Daemon, account, ok, output, output_with_input, refused};
use serde_json::{Value, json};

fn bob() -> Value {
    json!({"user": account("bob")})
}

/// The arguments of the one request that `line` sends.
fn sent(line: &str) -> Value {
    let daemon = Daemon::done(&bob());
    let output = daemon.run(line);
    assert_eq!(output.code, Some(0), "{line}: {output:?}");
    let requests = daemon.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["cmd"], "users.add");
    requests[0]["args"].clone()
}

#[test]
fn add_works_as_documented() {
    let plain = json!({"name": "bob", "role": "admin", "password": "mysecret"});
    assert_eq!(sent("users add -p mysecret bob"), plain);
    assert_eq!(sent("users add bob -p mysecret"), plain);
    assert_eq!(sent("user add --password=mysecret bob"), plain);
    let args = sent("users add bob -p mysecret -n Bob -m bob@example.com -r guest -s -l -w -u up");
    let expected = json!({"name": "bob", "role": "guest", "password": "mysecret",
        "display_name": "Bob", "email": "bob@example.com", "super_admin": true,
        "can_login": false, "webdav": true, "upload_path": "up"});
    assert_eq!(args, expected);
}

#[test]
fn a_password_on_the_command_line_is_advised_against_in_one_line() {
    let output = Daemon::done(&bob()).run("users add -p mysecret bob");
    let lines: Vec<&str> = output.err.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("warning: ") && lines[0].contains("--password-stdin"));
    assert_eq!(lines[1], "added admin bob (utoykpc5in2qnu74)");
    assert_eq!(output.out, "");
}

#[test]
fn providers_without_a_password_need_none() {
    let args = sent("users add -A oidc --auth-id 4711 bob");
    assert_eq!(
        args,
        json!({"name": "bob", "role": "admin", "provider": "oidc", "auth_id": "4711"})
    );
}

#[test]
fn a_password_comes_from_standard_input_or_a_file() {
    let daemon = Daemon::done(&bob());
    let mut command = daemon.command(["users", "add", "--password-stdin", "bob"]);
    assert_eq!(output_with_input(&mut command, "secret 12\n").code, Some(0));
    assert_eq!(daemon.requests()[0]["args"]["password"], "secret 12");

    let daemon = Daemon::done(&bob());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "from-file\n\n").unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(daemon.run(&format!("users add bob --password-file {path}")).code, Some(0));
    assert_eq!(daemon.requests()[0]["args"]["password"], "from-file\n");

    let daemon = Daemon::done(&bob());
    let mut command = daemon.command(["users", "add", "--password-file", "-", "bob"]);
    assert_eq!(output_with_input(&mut command, "secret12").code, Some(0));
    assert_eq!(daemon.requests()[0]["args"]["password"], "secret12");
}

#[test]
fn a_generated_password_is_printed_once() {
    let daemon = Daemon::done(&bob());
    let output = daemon.run("users add --generate bob");
    let password = daemon.requests()[0]["args"]["password"].clone();
    assert_eq!(output.out, format!("{}\n", password.as_str().unwrap()));
    assert!(!output.err.contains(password.as_str().unwrap()));

    let daemon = Daemon::done(&bob());
    let output = daemon.run("users add --generate bob --json");
    let result: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(result["user"], account("bob"));
    assert_eq!(result["password"], daemon.requests()[0]["args"]["password"]);
}

#[test]
fn what_is_missing_is_a_usage_error_that_names_the_flag() {
    for (line, name) in [
        ("users add bob", "--password-stdin"),
        ("users add -p mysecret", "USERNAME"),
        ("users show", "USERNAME"),
        ("users mod -n Bob", "USERNAME"),
        ("users restore", "USERNAME"),
        ("users rm --yes", "USERNAME"),
        ("users rm bob", "--yes"),
        ("users reset", "--yes"),
        ("users add --password-stdin bob", "password is empty"),
    ] {
        let daemon = Daemon::done(&bob());
        let output = daemon.run(line);
        assert_eq!(output.code, Some(2), "{line}: {output:?}");
        assert!(output.err.contains(name), "{line}: {}", output.err);
        assert!(daemon.requests().is_empty(), "{line}");
    }
}

#[test]
fn a_taken_name_is_refused_without_a_question() {
    let error = json!({"code": "exists", "message": "taken", "field": "name", "hint": "restore"});
    let reply = json!({"id": null, "ok": false, "error": error}).to_string();
    let output = Daemon::playing([reply.clone()]).run("users add -p mysecret gone");
    assert_eq!(output.code, Some(5));
    assert!(output.err.ends_with("error: taken\nhint: restore\n"), "{}", output.err);
    // With --json the error is alone, without the advice.
    let output = Daemon::playing([reply]).run("users add -p mysecret gone --json");
    assert_eq!((output.code, output.error()), (Some(5), error));
}

#[test]
fn restore_sends_the_given_flags_alone() {
    let daemon = Daemon::done(&json!({"user": account("gone")}));
    let output = daemon.run("users add --restore -n Back gone");
    assert_eq!(output.code, Some(0));
    assert!(output.err.starts_with("restored user gone"), "{}", output.err);
    let args = json!({"name": "gone", "restore": true, "display_name": "Back"});
    assert_eq!(daemon.requests(), [json!({"cmd": "users.add", "args": args})]);
}

#[test]
fn restore_without_such_an_account_is_an_ordinary_add() {
    let missing = json!({"id": null, "ok": false, "error":
        {"code": "invalid_argument", "message": "a role is needed", "field": "role"}});
    let daemon = Daemon::playing([missing.to_string(), ok(&bob())]);
    assert_eq!(daemon.run("users add --restore -p mysecret bob").code, Some(0));
    let args = json!({"name": "bob", "restore": true, "role": "admin", "password": "mysecret"});
    assert_eq!(daemon.requests()[1]["args"], args);

    let daemon = Daemon::playing([missing.to_string()]);
    let output = daemon.run("users add --restore bob");
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("--password-stdin"), "{}", output.err);
}

#[test]
fn mod_brings_a_deleted_account_back() {
    let restored = |changed: &[&str]| {
        let result = json!({"user": account("gone"), "changed": changed, "sessions_revoked": 0});
        let daemon = Daemon::done(&result);
        let output = daemon.run("users mod --restore -r guest gone");
        let args = json!({"user": "gone", "restore": true, "role": "guest"});
        assert_eq!(daemon.requests(), [json!({"cmd": "users.mod", "args": args})]);
        assert_eq!(output.code, Some(0));
        output.err
    };
    assert_eq!(restored(&["restore"]), "restored user gone\n");
    let both = restored(&["role", "restore"]);
    assert_eq!(both, "restored user gone and changed role; 0 sessions ended\n");
    assert_eq!(restored(&[]), "nothing changed for user gone\n");
}

#[test]
fn mod_sends_what_is_given() {
    let result = json!({"user": account("bob"), "changed": ["display_name", "email"],
        "sessions_revoked": 1});
    let daemon = Daemon::done(&result);
    let output = daemon.run(
        "users mod bob -n B --email= --no-webdav --login --no-superadmin --disable-2fa \
         --keep-sessions --expires-at never",
    );
    assert_eq!(output.code, Some(0));
    assert_eq!(output.err, "changed display_name, email of user bob; 1 session ended\n");
    let args = json!({"user": "bob", "display_name": "B", "email": "", "webdav": false,
        "can_login": true, "super_admin": false, "disable_2fa": true, "keep_sessions": true,
        "expires_at": "never"});
    assert_eq!(daemon.requests(), [json!({"cmd": "users.mod", "args": args})]);

    let output = Daemon::done(&result).run("users mod --json bob -l");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), result);
}

#[test]
fn mod_says_where_nothing_changed() {
    let result = json!({"user": account("bob"), "changed": [], "sessions_revoked": 0});
    let daemon = Daemon::done(&result);
    assert_eq!(daemon.run("users mod bob").err, "nothing changed for user bob\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "users.mod", "args": {"user": "bob"}})]);
    assert_eq!(Daemon::playing([refused("conflict", "no")]).run("users mod bob -s").code, Some(5));
}

#[test]
fn an_expiry_is_counted_from_now() {
    let daemon = Daemon::done(&bob());
    daemon.run("users add -p mysecret --expires-at 2027-01-31 bob");
    assert_eq!(daemon.requests()[0]["args"]["expires_at"], "2027-01-31T00:00:00Z");
    let daemon = Daemon::done(&bob());
    let before = photoprism_ctl::clock::now();
    daemon.run("users add -p mysecret --expires-at 90d bob");
    let expiry = daemon.requests()[0]["args"]["expires_at"].clone();
    let expiry = humantime::parse_rfc3339(expiry.as_str().unwrap()).unwrap();
    let days = expiry.duration_since(before).unwrap().as_secs_f64() / 86400.0;
    assert!((89.99..90.01).contains(&days), "{days}");
}

#[test]
fn rm_tries_every_name_and_exits_with_the_first_failure() {
    let removed = |name: &str| ok(&json!({"user": account(name), "sessions_revoked": 2}));
    let daemon = Daemon::playing([
        removed("bob"),
        refused("not_found", "user \"x\" not found"),
        refused("conflict", "the first admin stays"),
        removed("dave"),
    ]);
    let output = daemon.run("users rm -y bob x admin dave");
    assert_eq!(output.code, Some(3));
    assert_eq!(
        output.err,
        "deleted user bob; 2 sessions ended\nerror: user \"x\" not found\n\
         error: the first admin stays\ndeleted user dave; 2 sessions ended\n"
    );
    let names: Vec<Value> =
        daemon.requests().iter().map(|request| request["args"]["user"].clone()).collect();
    assert_eq!(names, ["bob", "x", "admin", "dave"]);
    assert!(daemon.requests().iter().all(|request| request["confirm"] == true));
}

#[test]
fn rm_prints_a_line_of_json_for_each_name() {
    let result = json!({"user": account("bob"), "sessions_revoked": 0});
    let daemon = Daemon::playing([ok(&result), refused("not_found", "no x"), ok(&result)]);
    let output = daemon.run("users rm --force --json bob x bob");
    let lines: Vec<Value> =
        output.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [result.clone(), result]);
    assert_eq!((output.code, output.error()["code"].as_str()), (Some(3), Some("not_found")));
}

#[test]
fn restore_brings_back() {
    let daemon = Daemon::done(&json!({"user": account("gone")}));
    let output = daemon.run("users restore gone --json");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap()["user"], account("gone"));
    assert_eq!(daemon.requests(), [json!({"cmd": "users.restore", "args": {"user": "gone"}})]);
    assert_eq!(Daemon::playing([refused("not_found", "no")]).run("users restore x").code, Some(3));
}

#[test]
fn reset_names_the_backup() {
    let result = json!({"removed": {"users": 5, "sessions": 1}, "backup": "/x/backups/a.db"});
    let daemon = Daemon::done(&result);
    let output = daemon.run("users reset --yes");
    assert_eq!((output.code, output.out.as_str()), (Some(0), "/x/backups/a.db\n"));
    assert_eq!(output.err, "removed 5 users and 1 session; the backup that holds them:\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "users.reset", "args": {}, "confirm": true})]);
    assert_eq!(Daemon::playing([refused("forbidden", "no")]).run("users reset -y").code, Some(4));
}

#[test]
fn a_line_that_the_shell_built_is_taken_whole() {
    let daemon = Daemon::done(&bob());
    let words = ["users", "add", "-p", "-dash secret", "-n", "Bob \"B\" Baker", "bob"];
    assert_eq!(output(&mut daemon.command(words)).code, Some(0));
    let args = daemon.requests()[0]["args"].clone();
    assert_eq!(args["password"], "-dash secret");
    assert_eq!(args["display_name"], "Bob \"B\" Baker");
}

#[test]
fn rename_takes_the_old_and_the_new_name() {
    let mut user = account("bob");
    user["name"] = "robert".into();
    let daemon = Daemon::done(&json!({"user": user, "changed": ["name"]}));
    let output = daemon.run("users rename bob Robert");
    assert_eq!((output.code, output.out.as_str()), (Some(0), ""));
    assert_eq!(output.err, "bob is now robert (utoykpc5in2qnu74)\n");
    let request = json!({"cmd": "users.rename", "args": {"user": "bob", "name": "Robert"}});
    assert_eq!(daemon.requests(), [request]);

    let result = json!({"user": user, "changed": []});
    let output = Daemon::done(&result).run("users rename robert robert --json");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), result);
    assert_eq!(output.err, "robert (utoykpc5in2qnu74) has that name already\n");
    for (line, flag) in [("users rename", "OLD"), ("users rename bob", "NEW")] {
        let output = Daemon::playing([""]).run(line);
        assert_eq!(output.code, Some(2), "{line}");
        assert!(output.err.contains(flag), "{}", output.err);
    }
    let taken = refused("exists", "the name \"alice\" is taken");
    assert_eq!(Daemon::playing([taken]).run("users rename bob alice").code, Some(5));
}
