//! `auth`: sessions listed, created, shown and ended; secrets never repeated.

mod common;

use common::terminal::Terminal;
use common::{Daemon, account, golden, ok, output_with_input, page, refused, session, sessions};
use serde_json::{Value, json};

/// An app password of the fixture, an access token, and the id of a session.
const APP_PASSWORD: &str = "kgMjhk-3rsJtX-rEamyg-aWDYtO";
const TOKEN: &str = "c6e20ef12dcb3654a14cd024ab2b9a40a21438ef3f144510";
const SESSION_ID: &str = "c6e20ef12dcb3654a14cd024ab2b9a40a21438ef3f144510c6e20ef12dcb3654";

fn printed(line: &str, items: &[Value]) -> String {
    let output = Daemon::playing([page(items, None)]).run(line);
    assert_eq!(output.code, Some(0), "{output:?}");
    output.out
}

#[test]
fn auth_ls_prints_the_bytes_of_photoprism() {
    let all = sessions();
    for (flag, file) in [("", "txt"), ("--md", "md"), ("-c", "csv"), ("-t", "tsv")] {
        let expected = golden(&format!("auth-ls.{file}"));
        assert_eq!(printed(&format!("auth ls {flag}"), &all), expected, "{file}");
    }
    let mut of_bob = all.clone();
    of_bob.retain(|session| session["user"]["name"] == "bob");
    assert_eq!(printed("sess ls bob", &of_bob), golden("auth-ls-bob.txt"));
    assert_eq!(serde_json::from_str::<Value>(&printed("auth ls -j", &all)).unwrap(), json!(all));
    assert_eq!(printed("auth ls", &[]), "");
}

#[test]
fn the_search_and_the_count_are_sent() {
    let daemon = Daemon::playing([page(&[session("sessqf0mn4tk")], Some("c"))]);
    let output = daemon.run("auth ls -n 1 bob");
    assert_eq!(output.err, "found 1 session; there are more, -n 0 shows them all\n");
    let args = json!({"search": "bob", "limit": 1});
    assert_eq!(daemon.requests(), [json!({"cmd": "auth.ls", "args": args})]);
}

fn app_password() -> Value {
    json!({"session": session("sessxipuw5k0"), "secret": APP_PASSWORD})
}

fn access_token() -> Value {
    json!({"session": session("sessofsjeny6"), "secret": TOKEN})
}

#[test]
fn add_works_as_documented() {
    let daemon = Daemon::done(&app_password());
    let output = daemon.run("auth add -n Sync -s webdav admin");
    assert_eq!(output.code, Some(0));
    assert_eq!(
        output.out,
        "|-----------------------------|---------------------|\n\
         |        App Password         | Authorization Scope |\n\
         |-----------------------------|---------------------|\n\
         | kgMjhk-3rsJtX-rEamyg-aWDYtO | webdav              |\n\
         |-----------------------------|---------------------|\n"
    );
    assert_eq!(output.err, "write this app password of admin down, it will not be shown again:\n");
    let args = json!({"name": "Sync", "scope": "webdav", "user": "admin"});
    assert_eq!(daemon.requests(), [json!({"cmd": "auth.add", "args": args})]);
}

#[test]
fn without_a_name_it_is_an_access_token() {
    let daemon = Daemon::done(&access_token());
    let output = daemon.run("auth add --name=Metrics --scope=metrics -e 12h");
    assert!(output.out.contains("|                   Access Token                   | "));
    assert!(output.out.contains(&format!("| {TOKEN} | albums metrics photos |")));
    assert_eq!(output.err.lines().count(), 1);
    let args = json!({"name": "Metrics", "scope": "metrics", "expires_in": 43_200});
    assert_eq!(daemon.requests()[0]["args"], args);
}

#[test]
fn lifetimes_are_seconds_on_the_wire() {
    for (text, seconds) in
        [("-1", -1), ("never", -1), ("3600", 3600), ("90d", 7_776_000), ("0", 0), ("-2", -2)]
    {
        for flag in ["-e", "--expires"] {
            let daemon = Daemon::done(&app_password());
            let line = format!("auth add -n x -s * {flag} {text} bob");
            assert_eq!(daemon.run(&line).code, Some(0), "{line}");
            assert_eq!(daemon.requests()[0]["args"]["expires_in"], seconds);
        }
    }
    for text in ["soon", "-1d", "", "1.5"] {
        let output = Daemon::playing([""]).run(&format!("auth add -n x -s * --expires={text}"));
        assert_eq!(output.code, Some(2), "{text}");
    }
}

#[test]
fn the_secret_alone_or_as_json() {
    let output = Daemon::done(&app_password()).run("auth add -q -n Sync -s webdav admin");
    assert_eq!((output.out.as_str(), output.err.as_str()), (&*format!("{APP_PASSWORD}\n"), ""));
    let output = Daemon::done(&app_password()).run("auth add --json -n Sync -s webdav admin");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), app_password());
    assert_eq!(output.err, "");
    let both = Daemon::playing([""]).run("auth add -q -j -n Sync -s webdav admin");
    assert_eq!(both.code, Some(2));
    let replay = json!({"session": session("sessxipuw5k0"), "secret": null});
    assert_eq!(Daemon::done(&replay).run("auth add -n Sync -s webdav admin").code, Some(70));
}

#[test]
fn what_is_missing_is_a_usage_error_that_names_the_flag() {
    for (line, flag) in [
        ("auth add", "--name"),
        ("auth add -s webdav admin", "--name"),
        ("auth add -n Sync admin", "--scope"),
        ("auth show", "IDENTIFIER"),
        ("auth rm --yes", "IDENTIFIER"),
        ("auth rm sessqf0mn4tk", "--yes"),
        ("auth reset", "--yes"),
        ("auth rm --yes -", "standard input"),
    ] {
        let daemon = Daemon::playing([""]);
        let output = daemon.run(line);
        assert_eq!(output.code, Some(2), "{line}: {output:?}");
        assert!(output.err.contains(flag), "{line}: {}", output.err);
        assert!(daemon.requests().is_empty(), "{line}");
    }
}

#[test]
fn name_and_scope_are_asked_for_on_a_terminal() {
    let show = ok(&json!({"user": account("bob")}));
    let daemon = Daemon::playing([show, ok(&app_password())]);
    let mut terminal = Terminal::start(&mut daemon.command(["auth", "add", "admin"]));
    terminal.wait_for("Client Name: ");
    terminal.type_in("Sync\n");
    terminal.wait_for("Authorization Scope: ");
    terminal.type_in("webdav\n");
    assert_eq!(terminal.finish(), Some(0), "{}", terminal.shown);
    assert_eq!(daemon.requests()[1]["args"]["scope"], "webdav");
    assert_eq!(daemon.requests()[1]["args"]["name"], "Sync");

    let daemon = Daemon::playing([""]);
    let mut terminal = Terminal::start(&mut daemon.command(["auth", "add", "-n", "x"]));
    terminal.wait_for("Authorization Scope: ");
    terminal.type_in("\n");
    assert_eq!(terminal.finish(), Some(1));
    assert!(daemon.requests().is_empty());
}

#[test]
fn show_has_names_and_values_for_people() {
    let daemon = Daemon::done(&json!({"session": session("sessweraou94")}));
    let output = daemon.run("auth show sessweraou94");
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""));
    for line in [
        "| Authentication Method | Application",
        "| Client                | Short ",
        "| Expired               | Yes ",
        "| Expires At            | 2026-11-23 15:13:49",
        "| Session ID            | sessweraou94",
        "| User                  | bob",
    ] {
        assert!(output.out.contains(line), "{line} in {}", output.out);
    }
    let names: Vec<&str> =
        output.out.lines().skip(3).filter_map(|line| line.split('|').nth(1)).collect();
    assert!(names[..names.len() - 1].is_sorted(), "{names:?}");
    assert!(!output.out.contains("Idle Timeout"), "it has none");

    let daemon = Daemon::done(&json!({"session": session("sessweraou94")}));
    let output = daemon.run("auth show -j sessweraou94");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), session("sessweraou94"));
    let gone = Daemon::playing([refused("not_found", "no such session")]);
    assert_eq!(gone.run("auth show sessweraou94").code, Some(3));
}

#[test]
fn rm_tries_every_identifier_and_repeats_no_secret() {
    let script = [
        ok(&json!({"removed": 2})),
        refused("not_found", "no such session"),
        ok(&json!({"removed": 1})),
    ];
    let daemon = Daemon::playing(script);
    let output = daemon.run(&format!("auth rm -y {APP_PASSWORD} {TOKEN} sessqf0mn4tk"));
    assert_eq!((output.code, output.out.as_str()), (Some(3), ""));
    assert_eq!(
        output.err,
        "ended the app password; 2 sessions removed\nerror: no such session\n\
         ended session sessqf0mn4tk; 1 session removed\n"
    );
    let sent: Vec<Value> = daemon.requests();
    assert_eq!(
        sent[0],
        json!({"cmd": "auth.rm", "args": {"session": APP_PASSWORD}, "confirm": true})
    );
    assert_eq!(sent[1]["args"]["session"], TOKEN);

    let daemon = Daemon::playing([ok(&json!({"removed": 1})), ok(&json!({"removed": 3}))]);
    let output = daemon.run(&format!("auth rm --yes --json {SESSION_ID} sessqf0mn4tk"));
    assert_eq!(output.out, "{\"removed\":1}\n{\"removed\":3}\n");
    assert!(!output.err.contains(&SESSION_ID[..8]), "{}", output.err);
}

#[test]
fn rm_reads_an_identifier_from_standard_input() {
    let daemon = Daemon::done(&json!({"removed": 1}));
    let mut command = daemon.command(["auth", "rm", "-y", "-"]);
    assert_eq!(output_with_input(&mut command, &format!("{APP_PASSWORD}\n")).code, Some(0));
    assert_eq!(daemon.requests()[0]["args"]["session"], APP_PASSWORD);

    let daemon = Daemon::done(&json!({"session": session("sessxipuw5k0")}));
    let mut command = daemon.command(["auth", "show", "-"]);
    assert_eq!(output_with_input(&mut command, APP_PASSWORD).code, Some(0));
    assert_eq!(daemon.requests()[0]["args"]["session"], APP_PASSWORD);
}

#[test]
fn secrets_on_a_bad_command_line_are_not_repeated() {
    for secret in [APP_PASSWORD, TOKEN, SESSION_ID] {
        for line in [
            format!("auth show x {secret}"),
            format!("auth rm --{secret}"),
            format!("auth {secret}"),
            format!("auth add -e {secret} -n x -s y"),
            format!("auth rm {secret}"),
            format!("auth ls x {secret} --json"),
            format!("auth ls --md={secret}"),
        ] {
            let output = Daemon::playing([""]).run(&line);
            assert_eq!(output.code, Some(2), "{line}: {output:?}");
            assert!(!output.err.contains(secret), "{line}: {}", output.err);
        }
    }
}

#[test]
fn a_question_names_reference_ids_alone() {
    let daemon = Daemon::playing([ok(&json!({"removed": 1})), ok(&json!({"removed": 1}))]);
    let line = ["auth", "rm", "sessqf0mn4tk", TOKEN];
    let mut terminal = Terminal::start(&mut daemon.command(line));
    terminal.wait_for("End session sessqf0mn4tk, the session of that token? [y/N] ");
    terminal.type_in("y\n");
    assert_eq!(terminal.finish(), Some(0));
    assert_eq!(daemon.requests().len(), 2);

    let daemon = Daemon::playing([""]);
    let mut terminal = Terminal::start(&mut daemon.command(["auth", "rm"]));
    terminal.wait_for("Session: ");
    assert!(!terminal.echoes());
    terminal.type_in(&format!("{TOKEN}\n"));
    terminal.wait_for("End the session of that token? [y/N] ");
    terminal.type_in("n\n");
    assert_eq!(terminal.finish(), Some(1));
    assert!(!terminal.shown.contains(TOKEN));
    assert!(daemon.requests().is_empty());
}

#[test]
fn a_reset_names_the_backup() {
    let result = json!({"removed": 14, "backup": "/var/lib/photoprism/backups/a.db"});
    let daemon = Daemon::done(&result);
    let output = daemon.run("auth reset --yes");
    assert_eq!(output.out, "/var/lib/photoprism/backups/a.db\n");
    assert_eq!(output.err, "removed 14 sessions; the backup that holds them:\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "auth.reset", "args": {}, "confirm": true})]);
    let output = Daemon::done(&result).run("auth reset -yj");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), result);
}

#[test]
fn command_lines_of_photoprism_are_taken() {
    let removed = json!({"removed": 0, "backup": "/b"});
    for line in ["auth reset --yes --trace", "sess clear -ty", "auth clear --yes"] {
        let daemon = Daemon::done(&removed);
        assert_eq!(daemon.run(line).code, Some(0), "{line}");
        assert_eq!(daemon.requests()[0]["cmd"], "auth.reset", "{line}");
    }
    let removed = json!({"removed": {"users": 0, "sessions": 0}, "backup": "/b"});
    let daemon = Daemon::done(&removed);
    assert_eq!(daemon.run("users reset -t --yes").code, Some(0));
    assert_eq!(daemon.requests()[0]["cmd"], "users.reset");

    let daemon = Daemon::done(&removed);
    let seen = daemon.run("auth ls --tokens");
    assert_eq!((seen.code, daemon.requests().len()), (Some(2), 0));
    assert!(seen.err.contains("stored as hashes"), "{}", seen.err);
}
