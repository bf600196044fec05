//! PhotoPrism's database: never created, waited for, followed.

use std::fs;

use serde_json::json;

use crate::bare::{End, create_database, create_photoprism, home_with, photoprismd, text};
use crate::common::json::Ask;
use crate::common::run_to_end;
use crate::common::test_daemon::TestDaemon;

#[test]
fn index_db_is_never_created_and_is_opened_once_it_exists() {
    let mut home = home_with("index.db");
    home.start();
    let log = home.running().log();
    let path = text(home.database()).to_owned();
    assert!(
        log.contains(&format!("database={path} (photoprism, not there yet) accounts=0")),
        "{log}"
    );
    assert!(!home.database().exists());
    let status = home.ok("status", json!({}))["database"].clone();
    assert_eq!((&status["kind"], &status["path"]), (&json!("photoprism"), &json!(path)));
    assert_eq!(status["schema"], json!(null));
    home.ok("ping", json!({}));
    for (cmd, args) in [
        ("users.ls", json!({})),
        ("users.show", json!({"user": "grace"})),
        ("users.rm", json!({"user": "grace"})),
        ("logins.ls", json!({})),
    ] {
        assert_eq!(home.fault(cmd, args).0, "unavailable", "{cmd}");
    }
    fs::write(home.database(), "").unwrap();
    assert_eq!(home.fault("users.ls", json!({})).0, "unavailable");
    create_photoprism(home.database());
    assert_eq!(home.ok("users.ls", json!({}))["items"][0]["name"], "grace");
    let status = home.ok("status", json!({}))["database"].clone();
    assert_eq!(
        (&status["photoprism_version"], &status["edition"]),
        (&json!("241230-abc"), &json!("ce"))
    );
    let log = home.stop();
    assert!(log.contains("the database exists now"), "{log}");
}

#[test]
fn one_that_cannot_be_used_is_reported_once() {
    let mut home = home_with("index.db");
    home.start();
    fs::write(home.database(), "not a database").unwrap();
    for _ in 0..20 {
        assert_eq!(home.fault("users.ls", json!({})).0, "unavailable");
    }
    let log = home.stop();
    assert_eq!(log.matches("not an SQLite database").count(), 1, "{log}");
}

#[test]
fn a_directory_means_the_index_db_in_it() {
    let home = TestDaemon::new();
    let directory = home.data();
    let mut command = photoprismd();
    command.args(["--database", text(&directory), "--socket", text(&home.socket())]);
    let running = crate::common::running::Running::start(command);
    let log = running.stop();
    assert!(
        log.contains(&format!(
            "database={}/index.db (photoprism, not there yet)",
            text(&directory)
        ))
    );
    let names: Vec<_> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["index.db.lock"]);
}

#[test]
fn a_start_writes_nothing_to_photoprism_s() {
    let mut home = home_with("index.db");
    create_photoprism(home.database());
    let before = fs::read(home.database()).unwrap();
    home.set_env("PHOTOPRISM_ADMIN_PASSWORD", "never-used-here");
    home.start();
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], 1);
    let log = home.stop();
    assert!(log.contains("(photoprism) accounts=1"), "{log}");
    assert_eq!(fs::read(home.database()).unwrap(), before);
    let mut names: Vec<_> =
        fs::read_dir(home.data()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["index.db", "index.db.lock"]);
}

#[test]
fn a_restored_file_is_followed() {
    let mut home = home_with("index.db");
    create_photoprism(home.database());
    home.start();
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], 1);
    let restored = home.data().join("restored.db");
    create_photoprism(&restored);
    create_database(
        &restored,
        "INSERT INTO auth_users (user_uid, user_name) VALUES ('usxyz0abc1defgh3', 'two')",
    );
    fs::rename(&restored, home.database()).unwrap();
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], 2);
    fs::remove_file(home.database()).unwrap();
    assert_eq!(home.fault("users.ls", json!({})).0, "unavailable");
    home.ok("ping", json!({}));
}

type Variables<'a> = &'a [(&'a str, &'a str)];

/// Starts without `--database` where these variables speak of PhotoPrism's.
fn guess(home: &TestDaemon, variables: Variables<'_>) -> End {
    let socket = home.root().join("run/admin.sock");
    let mut command = photoprismd();
    command
        .env("HOME", home.root())
        .env("XDG_DATA_HOME", home.data())
        .args(["--socket", text(&socket)]);
    command.envs(variables.iter().copied());
    run_to_end(&mut command).into()
}

#[test]
fn without_a_choice_the_daemon_does_not_guess() {
    let home = TestDaemon::new();
    let storage = home.root().join("storage");
    fs::create_dir(&storage).unwrap();
    create_photoprism(&storage.join("index.db"));
    let storage = text(&storage).to_owned();
    let cases: [(Variables<'_>, &[&str]); 5] = [
        (&[("PHOTOPRISM_DATABASE_DRIVER", "sqlite")], &["PHOTOPRISM_DATABASE_DRIVER"]),
        (&[("PHOTOPRISM_DATABASE_DSN", "/x/index.db")], &["PHOTOPRISM_DATABASE_DSN"]),
        (&[("PHOTOPRISM_STORAGE_PATH", &storage)], &["PHOTOPRISM_STORAGE_PATH", &storage]),
        (
            &[("PHOTOPRISM_DATABASE_DRIVER", "mysql")],
            &["MariaDB", "--database mysql:// for the accounts"],
        ),
        (
            &[("PHOTOPRISM_DATABASE_DSN", "root:canary@tcp(db:3306)/p")],
            &["MariaDB", "--database mysql:// for the accounts"],
        ),
    ];
    for (variables, words) in cases {
        let end = guess(&home, variables);
        end.assert(2, words);
        assert_eq!(end.said.matches("--database ").count(), 2, "{}", end.said);
        assert!(!end.said.contains("canary"), "{}", end.said);
        assert!(!home.socket().exists());
    }
    assert_eq!(fs::read_dir(home.data()).unwrap().count(), 0);
}

#[test]
fn with_a_choice_or_without_an_index_db_it_starts() {
    let home = TestDaemon::new();
    let running = |variables: &[(&str, &str)]| {
        let mut command = home.command();
        command.envs(variables.iter().copied());
        crate::common::running::Running::start(command).stop()
    };
    running(&[("PHOTOPRISM_DATABASE_DRIVER", "mysql"), ("PHOTOPRISM_DATABASE_DSN", "x")]);
    // A storage directory without an index.db says nothing.
    let empty = home.root().join("empty");
    fs::create_dir(&empty).unwrap();
    running(&[("PHOTOPRISM_STORAGE_PATH", text(&empty))]);
}
