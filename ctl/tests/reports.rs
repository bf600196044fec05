//! `users ls`, `users legacy` and `users show`: every format, pages, counts.

mod common;

use common::{Daemon, account, accounts, golden, ok, output, page, refused};
use serde_json::{Value, json};

fn listed() -> Vec<Value> {
    accounts().into_iter().skip(2).filter(|user| user["deleted_at"].is_null()).collect()
}

/// Runs `line` against one page and gives standard output.
fn printed(line: &str, items: &[Value]) -> String {
    let daemon = Daemon::playing([page(items, None)]);
    let output = daemon.run(line);
    assert_eq!(output.code, Some(0), "{output:?}");
    let noun = if items.len() == 1 { "user" } else { "users" };
    assert_eq!(output.err, format!("found {} {noun}\n", items.len()));
    output.out
}

#[test]
fn users_ls_prints_the_bytes_of_photoprism() {
    let all = &accounts()[2..];
    assert_eq!(printed("users ls", &listed()), golden("users-ls.txt"));
    assert_eq!(printed("user ls bob", &[account("bob")]), golden("users-ls-bob.txt"));
    assert_eq!(printed("users ls -n 2", &listed()[..2]), golden("users-ls-n-2.txt"));
    assert_eq!(printed("users ls -l -a -r", all), golden("users-ls-l-a-r.txt"));
    assert_eq!(printed("users ls -lar --md", all), golden("users-ls-l-a-r.md"));
    assert_eq!(printed("users ls -larm", all), golden("users-ls-l-a-r.md"));
    assert_eq!(printed("users ls -larc", all), golden("users-ls-l-a-r.csv"));
    assert_eq!(printed("users ls -lar --tsv", all), golden("users-ls-l-a-r.tsv"));
    let mut system = accounts();
    system.retain(|user| user["deleted_at"].is_null());
    assert_eq!(printed("users ls all", &system), golden("users-ls-all.txt"));
}

#[test]
fn users_legacy_prints_the_bytes_of_photoprism() {
    let legacy: Vec<Value> = serde_json::from_str(&golden("legacy.json")).unwrap();
    assert_eq!(printed("users legacy", &legacy), golden("users-legacy.txt"));
    assert_eq!(printed("users legacy --csv", &legacy), golden("users-legacy.csv"));
    let bob = &legacy[legacy.len() - 1..];
    assert_eq!(printed("users legacy bob", bob), golden("users-legacy-bob.txt"));
}

#[test]
fn an_empty_list_is_a_header_at_most() {
    let header = "UID;Username;Role;Authentication;Super Admin;Web Login;WebDAV\n";
    assert_eq!(printed("users ls", &[]), "");
    assert_eq!(printed("users ls -m", &[]), "");
    assert_eq!(printed("users ls -c", &[]), header);
    assert_eq!(printed("users ls -t", &[]), header.replace(';', "\t"));
    assert_eq!(printed("users ls -j", &[]), "[]\n");
}

#[test]
fn json_is_what_the_daemon_wrote() {
    // Keys of a newer daemon, in its own order and with its own spaces.
    let bob = account("bob").to_string();
    let row = bob.replacen('{', "{\"n\":1.50, \"new\":[ ],", 1);
    let reply =
        format!(r#"{{"ok":true,"result":{{"items":[{row}, {bob}],"next":null,"new":{{ }}}}}}"#);
    let output = Daemon::playing([reply]).run("users ls --json");
    assert_eq!((output.code, output.out), (Some(0), format!("[{row},{bob}]\n")));
}

#[test]
fn rows_of_another_shape_are_a_fault() {
    let mut named = account("bob");
    named["uid"] = 5.into();
    let pages = [
        page(&[json!({"uid": 5})], None),
        page(&[json!({})], None),
        page(&[account("bob"), named], None),
        page(&[json!([])], None),
        ok(&json!({"items": [], "next": 5})),
        ok(&json!({"items": []})),
        ok(&json!({"items": null, "next": null})),
    ];
    for reply in pages {
        for line in ["users ls", "users ls --csv", "users ls --json"] {
            let output = Daemon::playing([reply.clone()]).run(line);
            assert_eq!((output.code, output.out.as_str()), (Some(70), ""), "{line}: {reply}");
        }
    }
}

#[test]
fn the_request_has_what_was_given_and_nothing_else() {
    let daemon = Daemon::playing([page(&[], None)]);
    daemon.run("users ls");
    assert_eq!(daemon.requests(), [json!({"cmd": "users.ls", "args": {"limit": 100}})]);
    let daemon = Daemon::playing([page(&[], None)]);
    daemon.run("users ls -r -n 7 bob");
    let args = json!({"search": "bob", "deleted": true, "limit": 7});
    assert_eq!(daemon.requests(), [json!({"cmd": "users.ls", "args": args})]);
}

#[test]
fn all_means_every_page() {
    let users = listed();
    let (first, second) = users.split_at(3);
    let daemon =
        Daemon::playing([page(first, Some("c1")), page(&[], Some("c2")), page(second, None)]);
    let output = daemon.run("users ls -n 0");
    assert_eq!(output.out, golden("users-ls.txt"));
    let args: Vec<Value> = daemon.requests().iter().map(|line| line["args"].clone()).collect();
    assert_eq!(
        args,
        [
            json!({"limit": 1000}),
            json!({"limit": 1000, "cursor": "c1"}),
            json!({"limit": 1000, "cursor": "c2"}),
        ]
    );
}

#[test]
fn more_than_a_page_is_asked_for_in_pages() {
    let many = vec![account("bob"); 1000];
    let daemon = Daemon::playing([page(&many, Some("c")), page(&many[..500], Some("d"))]);
    let output = daemon.run("users ls -n 1500 --csv");
    assert_eq!(output.out.lines().count(), 1501);
    assert_eq!(daemon.requests()[1]["args"], json!({"limit": 500, "cursor": "c"}));
    assert_eq!(output.err, "found 1500 users; there are more, -n 0 shows them all\n");
}

#[test]
fn a_list_without_an_end_is_a_fault() {
    let daemon = Daemon::playing([page(&[], Some("c")), page(&[], Some("c"))]);
    assert_eq!(daemon.run("users ls -n 0").code, Some(70));
}

#[test]
fn show_has_names_and_values_for_people() {
    let daemon = Daemon::done(&json!({"user": account("dave")}));
    let output = daemon.run("users show dave");
    assert_eq!(output.code, Some(0));
    assert_eq!(daemon.requests(), [json!({"cmd": "users.show", "args": {"user": "dave"}})]);
    let lines: Vec<&str> = output.out.lines().collect();
    assert_eq!(lines[1], "|      Name      |        Value        |");
    for line in [
        "| Authentication | Default (2FA)       |",
        "| Created At     | 2026-11-23 14:10:46 |",
        "| Expires At     | never               |",
        "| Role           | Admin               |",
        "| Two-Factor     | Enabled             |",
        "| UID            | utoykpyzrpnn8a4j    |",
        "| WebDAV         | Disabled            |",
    ] {
        assert!(lines.contains(&line), "{line} in {}", output.out);
    }
    assert!(!output.out.contains("Email"), "it has none");
    assert_eq!(output.err, "");
}

#[test]
fn show_keeps_empty_values_outside_the_table() {
    let user = ok(&json!({"user": account("dave")}));
    let csv = Daemon::playing([user.clone()]).run("users show --csv dave").out;
    assert!(csv.starts_with("Name;Value\nAttributes;\n") && csv.contains("\nEmail;\n"), "{csv}");
    let output = Daemon::playing([user]).run("users show dave -j");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), account("dave"));
}

#[test]
fn strangers_cannot_draw_on_the_screen() {
    let mut user = account("bob");
    user["name"] = "\u{1b}[2Jb\u{202e}|\n".into();
    user["display_name"] = "=cmd|' /C calc'!A1".into();
    let listed = |line: &str| Daemon::playing([page(&[user.clone()], None)]).run(line).out;
    assert!(listed("users ls").contains("| \\u{1b}[2Jb\\u{202e}|\\n |"));
    assert!(listed("users ls -m").contains("| \\u{1b}[2Jb\\u{202e}\\|\\n |"));
    assert!(!listed("users ls -j").contains('\u{202e}'));
    let shown = Daemon::done(&json!({"user": user})).run("users show -c bob").out;
    assert!(shown.contains("\nDisplay Name;'=cmd|' /C calc'!A1\n"), "{shown}");
}

#[test]
fn refusals_are_exit_codes_and_words() {
    let reply = json!({"id": null, "ok": false, "error": {
        "code": "not_found", "message": "user \"x\u{1b}\" not found", "hint": "try another"}});
    let output = Daemon::playing([reply.to_string()]).run("users show x");
    assert_eq!(output.code, Some(3));
    assert_eq!(output.out, "");
    assert_eq!(output.err, "error: user \"x\\u{1b}\" not found\nhint: try another\n");
    let output = Daemon::playing([reply.to_string()]).run("users show x --json");
    assert_eq!((output.code, &output.error()), (Some(3), &reply["error"]));
    assert_eq!(Daemon::playing([refused("tomorrow", "?")]).run("users ls").code, Some(1));
}

#[test]
fn warnings_go_to_standard_error() {
    let reply = json!({"id": null, "ok": true, "result": {"items": [], "next": null},
        "warnings": ["one\n", "two"]});
    let output = Daemon::playing([reply.to_string()]).run("users ls --json");
    assert_eq!(output.out, "[]\n");
    assert_eq!(output.err, "warning: one\\n\nwarning: two\nfound 0 users\n");
}

#[test]
fn users_ls_asks_for_what_an_administrator_looks_for() {
    let daemon = Daemon::playing([page(&[], None)]);
    let run = daemon.run("users ls --expiring 14d --inactive 90d --without-2fa");
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""));
    let args = json!({"expiring_within_s": 1_209_600, "inactive_for_s": 7_776_000,
        "without_2fa": true, "limit": 100});
    assert_eq!(daemon.requests(), [json!({"cmd": "users.ls", "args": args})]);
    for wrong in ["0", "-1", "soon", "1.5", ""] {
        let daemon = Daemon::playing([page(&[], None)]);
        let run = output(&mut daemon.command(["users", "ls", &format!("--inactive={wrong}")]));
        assert_eq!(run.code, Some(2), "{wrong}");
        assert!(run.err.contains("90d"), "{}", run.err);
    }
}
