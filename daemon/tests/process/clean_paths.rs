//! Settings with something behind them: refused, and nothing is created.

use std::fs;

use crate::bare::{End, create_photoprism, photoprismd, snapshot, text};
use crate::common::run_to_end;
use crate::common::test_daemon::TestDaemon;

#[test]
fn a_path_with_something_behind_it_creates_no_database() {
    let home = TestDaemon::new();
    let storage = home.data().join("storage");
    fs::create_dir(&storage).unwrap();
    create_photoprism(&storage.join("index.db"));
    let socket = home.socket();
    let before = snapshot(home.root());
    let (storage, socket) = (text(&storage), text(&socket));
    let dsn = "photoprism:hunter22@tcp(mariadb:3306)/photoprism?charset=utf8mb4";
    for (name, value, words) in [
        ("PHOTOPRISM_ADMIN_DATABASE", format!("{storage}\r"), "ends in a carriage return"),
        ("PHOTOPRISM_ADMIN_DATABASE", format!("{storage} "), "ends in a blank"),
        ("PHOTOPRISM_ADMIN_DATABASE", format!("{storage}\u{a0}"), "U+00A0"),
        ("PHOTOPRISM_ADMIN_DATABASE", format!("{storage}/index.db\n"), "ends in a line feed"),
        (
            "PHOTOPRISM_ADMIN_DATABASE",
            format!("{storage}/index.db?_busy_timeout=5000"),
            "--database PATH",
        ),
        ("PHOTOPRISM_ADMIN_DATABASE", format!("file:{storage}/index.db"), "--database PATH"),
        ("PHOTOPRISM_ADMIN_DATABASE", dsn.into(), "mysql:// alone"),
        ("PHOTOPRISM_ADMIN_SOCKET", format!("{socket}\r"), "ends in a carriage return"),
        ("PHOTOPRISM_AUTH_SOCKET", format!("{socket}\t"), "ends in a tab"),
        ("PHOTOPRISM_ADMIN_PASSWORD_FILE", "/x\r".into(), "ends in a carriage return"),
        ("PHOTOPRISM_ADMIN_CONFIG", "/x\r".into(), "ends in a carriage return"),
        ("PHOTOPRISM_ADMIN_USER", "boss\r".into(), "ends in a carriage return"),
        ("PHOTOPRISM_ADMIN_MAX_LINE", "2048\r".into(), "ends in a carriage return"),
        ("PHOTOPRISM_ADMIN_GROUP", "root\r".into(), "ends in a carriage return"),
    ] {
        for check in [false, true] {
            let mut command = photoprismd();
            command.env("PHOTOPRISM_ADMIN_DATABASE", storage);
            command.env("PHOTOPRISM_ADMIN_SOCKET", socket).env(name, &value);
            if check {
                command.arg("--check");
            }
            let end = End::from(run_to_end(&mut command));
            end.assert(2, &[words, &format!("(from {name})")]);
            for part in ["hunter22", "busy_timeout", "tcp("] {
                assert!(!end.said.contains(part), "{}", end.said);
            }
        }
    }
    assert!(before == snapshot(home.root()), "something was created");
}

#[test]
fn an_argument_that_belongs_nowhere_is_not_repeated() {
    for arguments in [
        &["photoprism:hunter22@tcp(mariadb:3306)/photoprism"][..],
        &["--database", "mysql://photoprism:hunter22@mariadb/photoprism"],
        &["--check=hunter22"],
    ] {
        let end = End::from(run_to_end(photoprismd().args(arguments)));
        end.assert(2, &[]);
        assert!(!end.said.contains("hunter22"), "{}", end.said);
    }
}
