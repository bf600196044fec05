//! `metrics`: its grammar, and that it counts what happens.

use std::collections::BTreeMap;

use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::grammar::parse;

fn scraped(client: &mut Client) -> BTreeMap<String, u64> {
    let result = client.ok("metrics", json!({}));
    let kind = result["content_type"].as_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let text = result["text"].as_str().unwrap();
    parse(text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

#[test]
fn a_scrape_counts_what_happened_before_it() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    let before = scraped(&mut client);
    assert_eq!(before["photoprismd_database_up"], 1);
    assert!(before["photoprismd_database_size_bytes{file=\"main\"}"] > 4096);
    client.ok("users.add", json!({"name": "bob", "role": "user", "password": "correct horse"}));
    client.refused("users.show", json!({"user": "nobody"}));
    client.ask("no json");
    let login = |password: &str| json!({"name": "bob", "password": password, "client_ip": "192.0.2.7", "session": false});
    client.ok("auth.login", login("correct horse"));
    client.refused("auth.login", login("wrong"));
    let after = scraped(&mut client);
    for (sample, more) in [
        (r#"photoprismd_commands_total{command="users.add",code="ok"}"#, 1),
        (r#"photoprismd_commands_total{command="users.show",code="not_found"}"#, 1),
        (r#"photoprismd_commands_total{command="auth.login",code="invalid_credentials"}"#, 1),
        (r#"photoprismd_commands_total{command="metrics",code="ok"}"#, 1),
        (r#"photoprismd_lines_rejected_total{code="bad_request"}"#, 1),
        (r#"photoprismd_logins_total{result="ok"}"#, 1),
        (r#"photoprismd_logins_total{result="wrong password"}"#, 1),
        (r#"photoprismd_users{state="live"}"#, 1),
        ("photoprismd_hashes_total", 3),
        ("photoprismd_audit_head", 1),
        ("photoprismd_login_records", 1),
        ("photoprismd_connections", 0),
    ] {
        let was = before.get(sample).copied().unwrap_or(0);
        assert_eq!(after[sample] - was, more, "{sample}");
    }
    let (commits, writes) = ("photoprismd_commits_total", "photoprismd_writes_total");
    assert!(after[commits] > before[commits] && after[writes] >= after[commits]);
}

#[test]
fn who_is_turned_away_is_counted() {
    let home = {
        let mut home = TestDaemon::new().args(["--max-connections-per-uid", "1"]);
        home.start();
        home
    };
    // The test runs as the daemon's own user, for whom four more are reserved.
    let mut held: Vec<Client> = (0..5).map(|_| home.connect()).collect();
    for client in &mut held {
        client.ok("ping", json!({}));
    }
    let mut refused = home.connect();
    assert_eq!(refused.reply()["error"]["code"], "busy");
    let seen = scraped(&mut held[0]);
    assert_eq!(seen["photoprismd_connections_refused_total{code=\"busy\"}"], 1);
    assert_eq!(seen["photoprismd_connections"], 5);
    assert_eq!(seen["photoprismd_connections_limit"], 256);
}
