//! What `doctor` finds about a server.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::server::{Server, shared};

fn row(report: &Value, name: &str) -> Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == name).expect(name).clone()
}

#[test]
fn a_healthy_server_has_nothing_to_do() {
    let Some(server) = shared() else { return };
    // Nothing creates the directory of the default database, which is not used.
    let data = tempfile::tempdir().unwrap();
    let nowhere = data.path().join("a/b");
    let mut home =
        server.photoprism("healthy").home().env("XDG_DATA_HOME", nowhere.to_str().unwrap());
    home.start();
    let report = home.ok("doctor", json!({}));
    for (name, found) in [
        ("server", "MariaDB"),
        ("collation", "utf8mb4_unicode_ci"),
        ("durability", "innodb_flush_log_at_trx_commit = 1"),
        ("server writable", "yes"),
        ("engine", "InnoDB"),
        ("double names", "none"),
        ("disk space", "MiB free"),
        ("database", "PhotoPrism's (development, ce), mysql://healthy@/healthy?socket="),
    ] {
        let row = row(&report, name);
        assert_eq!(row["ok"], true, "{row}");
        assert!(row["found"].as_str().unwrap().contains(found), "{row}");
    }
    let text = report.to_string();
    assert!(!text.contains("journal mode") && !text.contains("database file"), "{text}");
}

#[test]
fn what_is_wrong_is_found() {
    let Some(server) = Server::start() else { return };
    let schema = server.photoprism("wrong");
    let mut home = schema.started();
    for statement in [
        "SET GLOBAL innodb_flush_log_at_trx_commit = 2",
        "INSERT INTO auth_users (user_uid, user_name, user_email, user_role) VALUES
            ('utp9999999999999', 'böb', '', 'user'), ('utp9999999999998', 'x', 'BOB@EXAMPLE.COM', 'user')",
        "ALTER TABLE auth_users_shares ENGINE=Aria",
        "SET GLOBAL read_only = 1",
    ] {
        schema.run(statement);
    }
    let report = home.ok("doctor", json!({}));
    for (name, found) in [
        ("durability", "= 2"),
        ("server writable", "read-only"),
        ("engine", "auth_users_shares"),
        ("double names", "bob and böb; bob and x by email"),
    ] {
        let row = row(&report, name);
        assert_eq!(row["ok"], false, "{row}");
        assert!(row["found"].as_str().unwrap().contains(found), "{row}");
    }
    home.restart();
    assert!(home.running().log().contains("may be lost in a power cut"));
}
