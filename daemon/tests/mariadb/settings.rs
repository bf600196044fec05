//! How the server and the password are named, and that the password is never shown.

use std::fs;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::server::{PASSWORD, Schema, shared};

fn url_with_password(schema: &Schema<'_>) -> String {
    schema.url().replacen('@', &format!(":{PASSWORD}@"), 1)
}

/// The daemon answers, and its log does not have the password.
fn works(mut home: TestDaemon) {
    home.start();
    assert_eq!(home.ok("users.ls", json!({"search": "bob"}))["items"][0]["name"], "bob");
    let doctor = home.ok("doctor", json!({})).to_string();
    let status = home.ok("status", json!({})).to_string();
    let log = home.stop();
    assert!(![doctor, status, log].concat().contains(PASSWORD));
}

#[test]
fn the_password_comes_from_wherever_nobody_reads_it() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("given");
    let home = || TestDaemon::new().with_server(&schema.url());
    works(schema.home());
    let file = TestDaemon::new();
    let path = file.root().join("password");
    fs::write(&path, format!("{PASSWORD}\n")).unwrap();
    let path = path.to_str().unwrap();
    works(home().args(["--database-password-file", path]));
    works(home().env("PHOTOPRISM_ADMIN_DATABASE_PASSWORD_FILE", path));
    works(
        home()
            .env("PHOTOPRISM_DATABASE_USER", "given")
            .env("PHOTOPRISM_DATABASE_PASSWORD", PASSWORD),
    );
    works(
        home()
            .env("PHOTOPRISM_DATABASE_USER", "given")
            .env("PHOTOPRISM_DATABASE_PASSWORD_FILE", path),
    );
    let config = file.root().join("config");
    let line = format!("PHOTOPRISM_ADMIN_DATABASE_PASSWORD={PASSWORD}\n");
    fs::write(&config, line).unwrap();
    works(home().args(["--config", config.to_str().unwrap()]));
}

#[test]
fn photoprism_s_variables_say_where_it_is() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("variables");
    let socket = server.socket().to_str().unwrap().to_owned();
    let home = || TestDaemon::new().with_server("mysql://");
    works(
        home()
            .env("PHOTOPRISM_DATABASE_SERVER", &socket)
            .env("PHOTOPRISM_DATABASE_NAME", &schema.name)
            .env("PHOTOPRISM_DATABASE_USER", &schema.name)
            .env("PHOTOPRISM_DATABASE_PASSWORD", PASSWORD),
    );
    let dsn =
        format!("variables:{PASSWORD}@unix({socket})/variables?charset=utf8mb4&parseTime=true");
    works(home().env("PHOTOPRISM_DATABASE_DRIVER", "mysql").env("PHOTOPRISM_DATABASE_DSN", dsn));
}

#[test]
fn what_cannot_be_used_ends_the_start_without_the_password() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("unusable");
    let home = || TestDaemon::new().with_server(&schema.url());
    for (home, words) in [
        (TestDaemon::new().with_server(&url_with_password(&schema)), "list of processes"),
        (home(), "refuses the login"),
        (home().env("PHOTOPRISM_ADMIN_DATABASE_PASSWORD", "wrong"), "'unusable'@'localhost'"),
        (home().args(["--database-password-file", "/nowhere"]), "database-password-file"),
        (TestDaemon::new().with_server(&format!("{}&ssl-mode=REQUIRED", schema.url())), "TLS"),
        (
            TestDaemon::new()
                .with_server("mysql://")
                .env("PHOTOPRISM_DATABASE_SERVER", "a")
                .env("PHOTOPRISM_DATABASE_DSN", format!("x:{PASSWORD}@tcp(b)/c")),
            "different servers",
        ),
    ] {
        let output = home.ends();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{log}");
        assert!(log.contains(words) && !log.contains(PASSWORD), "{log}");
    }
}

#[test]
fn the_report_has_no_password_and_asks_nobody() {
    let home = TestDaemon::new()
        .with_server("mysql://photoprism@mariadb.invalid/photos")
        .env("PHOTOPRISM_ADMIN_DATABASE_PASSWORD", PASSWORD)
        .args(["--check"]);
    let output = home.ends();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("database: mysql://photoprism@mariadb.invalid:3306/photos (from"),
        "{text}"
    );
    assert!(text.contains("database-password: *** (from PHOTOPRISM_ADMIN_DATABASE_PASSWORD)"));
    assert!(!text.contains(PASSWORD), "{text}");
}

/// A user that may change rows and no tables, and then those of the reference alone.
#[test]
fn the_tables_can_be_made_beforehand_by_somebody_else() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("granted");
    schema.run("REVOKE ALL ON granted.* FROM granted@localhost");
    schema.run("GRANT SELECT, INSERT, UPDATE, DELETE ON granted.* TO granted@localhost");
    let mut home = schema.started();
    let change = json!({"user": "bob", "display_name": "Robert"});
    let error = home.refused("users.mod", change.clone());
    assert_eq!(error["code"], "unavailable", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("CREATE") && message.contains("admin_meta"), "{message}");
    let printed = TestDaemon::new().args(["--print-schema"]).ends();
    assert_eq!(printed.status.code(), Some(0));
    for statement in String::from_utf8(printed.stdout).unwrap().split(";\n") {
        if !statement.is_empty() {
            schema.run(statement);
        }
    }
    home.ok("users.mod", change);
    home.stop();
    schema.run("REVOKE ALL ON granted.* FROM granted@localhost");
    let grant = |rights: &str, table: &str| {
        schema.run(&format!("GRANT {rights} ON granted.{table} TO granted@localhost"));
    };
    for table in ["versions", "migrations", "users"] {
        grant("SELECT", table);
    }
    for table in CHANGED {
        grant("SELECT, INSERT, UPDATE, DELETE", table);
    }
    home.start();
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["display_name"], "Robert");
    every_kind_of_command(&mut home);
}

/// Tables on which the reference wants all four rights.
const CHANGED: [&str; 15] = [
    "auth_users",
    "auth_users_details",
    "auth_users_settings",
    "auth_users_shares",
    "auth_sessions",
    "passwords",
    "passcodes",
    "audit_logins",
    "admin_meta",
    "admin_audit",
    "admin_idempotency",
    "admin_limits",
    "admin_passcode_steps",
    "admin_ended",
    "admin_changed",
];

fn every_kind_of_command(home: &mut TestDaemon) {
    let password = "first-password";
    home.ok("users.add", json!({"name": "eve", "role": "guest", "password": password}));
    home.ok("auth.login", json!({"name": "eve", "password": password, "client_ip": "192.0.2.1"}));
    home.ok("passwd.set", json!({"user": "eve", "password": "second-password"}));
    home.ok("auth.add", json!({"user": "eve", "name": "Phone", "scope": "webdav"}));
    home.ok("users.rename", json!({"user": "eve", "name": "evelyn"}));
    home.ok("users.rm", json!({"user": "evelyn"}));
    for list in ["users.ls", "users.legacy", "auth.ls", "logins.ls", "audit.ls", "doctor"] {
        home.ok(list, json!({}));
    }
    home.ok("logins.clear", json!({"name": "eve"}));
}
