//! Passwords in, nothing out: canaries, looked for in everything that was written.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// In every password of this file.
const CANARY: &str = "c4n4ry";

/// Files of the directory that hold the canary, or bytes of a text in which it hides.
fn search(directory: &Path, found: &mut Vec<String>) {
    let forms = [CANARY.as_bytes().to_vec(), CANARY.bytes().rev().collect(), utf_16(CANARY)];
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if path.is_dir() {
            search(&path, found);
        }
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let hides = |form: &Vec<u8>| bytes.windows(form.len()).any(|window| window == &form[..]);
        if name.contains(CANARY) || forms.iter().any(hides) {
            found.push(name);
        }
    }
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Lines with a canary each, of which some are refused at every step of the way.
fn lines() -> Vec<String> {
    let mut lines: Vec<String> = [
        ("users.add", json!({"name": "bob", "role": "user", "password": "c4n4ry-of-add"})),
        ("users.add", json!({"name": "bob", "role": "user", "password": "c4n4ry-again"})),
        ("users.add", json!({"name": "eve", "role": "king", "password": "c4n4ry-eve"})),
        (
            "users.add",
            json!({"name": "eve", "role": "user", "provider": "ldap", "password": "c4n4ry-eve"}),
        ),
        ("users.add", json!({"name": "c4n4ry-name", "role": "user", "password": "C4N4RY-name"})),
        ("users.add", json!({"name": "eve", "role": "user", "password": " c4n4ry-space"})),
        ("users.add", json!({"name": "eve", "role": "user", "password": "c4n4ry\u{0}nul"})),
        ("users.add", json!({"name": "eve", "role": "user", "password": "c4n4ry".repeat(13)})),
        ("users.add", json!({"name": "eve", "role": "user", "password": "c4n4ry"})),
        ("users.add", json!({"name": "eve", "role": "user", "password": ["c4n4ry-list"]})),
        ("users.add", json!({"name": "eve", "role": "user", "passwd": "c4n4ry-unknown"})),
        ("users.mod", json!({"user": "bob", "password": "c4n4ry-mod"})),
        ("users.mod", json!({"user": "bob", "password": "c4n4ry", "role": 7})),
        ("users.mod", json!({"user": "nobody", "password": "c4n4ry-mod"})),
        ("passwd.set", json!({"user": "bob", "password": "c4n4ry-set"})),
        ("passwd.set", json!({"user": "bob", "password": "c4n4ry-show", "show_hash": true})),
        ("passwd.set", json!({"user": "bob", "password": "c4n4ry!"})),
        ("passwd.set", json!({"user": "u000000000000001", "password": "c4n4ry-system"})),
        // In the wrong place.
        ("passwd.set", json!({"user": "c4n4ry in the place of a name", "password": "longenough"})),
        ("users.show", json!({"user": "c4n4ry here"})),
        ("auth.login", json!({"name": "bob", "password": "c4n4ry-login", "client_ip": "::1"})),
        ("auth.verify", json!({"token": "c4n4ry-token"})),
        ("users.reset", json!({})),
    ]
    .into_iter()
    .map(|(cmd, args)| json!({"cmd": cmd, "args": args, "confirm": true}).to_string())
    .collect();
    for line in [
        r#"{"cmd":"passwd.set","args":{"user":"bob","password":"c4n4ry-cut"#,
        r#"{"cmd":"c4n4ry"}"#,
        r#"{"cmd":"passwd.set","args":"c4n4ry"}"#,
        r"c4n4ry",
        r#"{"cmd":"users.rm","args":{"user":"bob"},"key":"c4n4ry"}"#,
        r#"{"cmd":"passwd.set","args":{"user":"admin","password":"c4n4ry-key"},"key":"a-key-of-mine"}"#,
        r#"{"cmd":"passwd.set","args":{"user":"admin","password":"c4n4ry-key"},"key":"a-key-of-mine"}"#,
        r#"{"cmd":"passwd.set","args":{"user":"admin","password":"c4n4ry-other"},"key":"a-key-of-mine"}"#,
    ] {
        lines.push(line.to_owned());
    }
    lines
}

#[test]
fn no_password_is_found_in_anything_that_was_written() {
    for format in ["text", "json"] {
        let mut home = TestDaemon::new()
            .args(["--log-level", "trace", "--log-format", format])
            .env("PHOTOPRISM_ADMIN_PASSWORD", "c4n4ry-of-admin");
        home.start();
        let mut client = home.connect();
        for line in lines() {
            let reply: Value = client.ask(&line);
            let text = reply.to_string().replace("c4n4ry-name", "");
            assert!(!text.to_lowercase().contains(CANARY), "{line}: {reply}");
        }
        let mut found = Vec::new();
        search(home.root(), &mut found);
        assert_eq!(found, Vec::<String>::new(), "while it runs, its WAL included");
        let log = home.stop();
        search(home.root(), &mut found);
        assert_eq!(found, Vec::<String>::new(), "after the stop");
        assert!(!log.to_lowercase().contains(CANARY), "{log}");
        assert!(log.contains("refused"), "the log was on: {log}");
    }
}

/// Texts with canaries in places where they belong and where they do not.
const TEXTS: [&str; 8] = [
    "{\"name\":\"bob\",\"role\":\"user\",\"password\":\"c4n4ry-of-bob\"}\n",
    "{\"name\":\"c4n4ry here\",\"role\":\"c4n4ry\",\"password_hash\":\"c4n4ry\"}\n",
    "{\"name\":\"eve\",\"role\":\"user\",\"totp_url\":\"c4n4ry\",\"recovery_code\":\"c4n4ry\"}\n",
    "{\"name\":\"eve\",\"password\":\"c4n4ry\n",
    "name;role;password\nfay;user;c4n4ry-of-fay\ngus;user;c4n4ry;c4n4ry\n",
    "name;role;webdav\nfay;user;c4n4ry\n",
    "[[account]]\nname = 'kim'\nrole = 'user'\npassword = 'c4n4ry-of-kim'\n",
    "[[account]]\nname = 'kim'\npassword = 'c4n4ry\n",
];

#[test]
fn no_password_of_an_import_is_found_in_anything_that_was_written() {
    let mut home = TestDaemon::new().args(["--log-level", "trace"]);
    home.start();
    let mut client = home.connect();
    let mut added = 0;
    for text in TEXTS {
        let first = client.call("users.import", json!({"text": text}));
        let id = &first["result"]["import"];
        let run = client.call("users.import", json!({"import": id, "run": true, "update": true}));
        assert!(!run.to_string().contains(CANARY), "{text}: {run}");
        added += run["result"]["counts"]["added"].as_u64().unwrap_or(0);
    }
    assert_eq!(added, 2, "bob and kim");
    let mut found = Vec::new();
    search(home.root(), &mut found);
    let log = home.stop();
    search(home.root(), &mut found);
    assert_eq!(found, Vec::<String>::new());
    assert!(!log.contains(CANARY), "{log}");
}

/// The search must be able to find what it looks for.
#[test]
fn a_canary_that_is_written_is_found() {
    let mut home = TestDaemon::started();
    let attr = json!({"name": "bob", "role": "user", "provider": "none", "attr": "c4n4ry"});
    home.ok("users.add", attr);
    let mut found = Vec::new();
    search(home.root(), &mut found);
    assert!(found.iter().any(|name| name.ends_with("-wal")), "{found:?}");
    home.stop();
    found.clear();
    search(home.root(), &mut found);
    assert_eq!(found, [home.database().display().to_string()]);
}

#[test]
fn hashes_and_keys_are_in_no_object() {
    let mut home = TestDaemon::started();
    let args = json!({"name": "bob", "role": "user", "password": "mysecret"});
    let mut replies = home.ok("users.add", args).to_string();
    for (cmd, args) in [
        ("users.show", json!({"user": "bob"})),
        ("users.ls", json!({"search": "all"})),
        ("users.mod", json!({"user": "bob", "password": "mysecret2"})),
        ("passwd.set", json!({"user": "bob", "password": "mysecret3"})),
        ("audit.ls", json!({})),
        ("status", json!({})),
    ] {
        replies += &home.ok(cmd, args).to_string();
    }
    for word in ["argon2", "$2", "mysecret", "token", "otpauth"] {
        assert!(!replies.contains(word), "{word} in {replies}");
    }
    let log = home.stop();
    assert!(!log.contains("argon2id$") && !log.contains("mysecret"), "{log}");
}
