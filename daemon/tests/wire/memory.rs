//! What stays in the daemon's memory after a connection is closed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

/// How often each of the texts is in the memory of a process.
fn occurrences<const N: usize>(pid: u32, texts: [&[u8]; N]) -> [usize; N] {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut counts = [0; N];
    for line in maps.lines().filter(|line| line.split(' ').nth(1) == Some("rw-p")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let mut bytes = Vec::new();
        memory.seek(SeekFrom::Start(number(start))).unwrap();
        // A part may have gone since the list was read.
        let _ = memory.by_ref().take(number(end) - number(start)).read_to_end(&mut bytes);
        for (count, text) in counts.iter_mut().zip(texts) {
            *count += bytes.windows(text.len()).filter(|window| window == &text).count();
        }
    }
    counts
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn secrets_of_replies_and_requests_are_gone_with_their_connection() {
    if !is_root() {
        return skipped("reading another process' memory needs root");
    }
    let mut home = TestDaemon::started();
    let mut client = home.connect();
    let password = "a canary that sings";
    let add = json!({"name": "bob", "role": "user", "password": password, "attr": "still there"});
    client.ok("users.add", add);
    let app = json!({"name": "phone", "scope": "webdav", "user": "bob"});
    let app = text(&client.ok("auth.add", app)["secret"]);
    let login = json!({"name": "bob", "password": password, "client_ip": "192.0.2.1"});
    let token = text(&client.ok("auth.login", login)["secret"]);
    let key = text(&client.ok("users.2fa.enroll", json!({"user": "bob"}))["key"]);
    // The key itself is in the database, and so in the pages that SQLite holds.
    let key = format!("\"{key}\"");
    assert_eq!(client.ok("auth.verify", json!({"token": app}))["active"], true);
    drop(client);
    // The reply to a later connection comes after the end of the one before was seen.
    home.ok("ping", json!({}));
    let texts = [password, &app, &token, &key, "still there"].map(str::as_bytes);
    let found = occurrences(home.running().pid(), texts);
    assert!(found[4] > 0, "the search finds what is there");
    assert_eq!(found[..4], [0, 0, 0, 0], "password, app password, session, key");
}
