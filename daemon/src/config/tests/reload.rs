//! SIGHUP: the file is read again.

use std::time::Duration;

use crate::config::testing::Machine;
use crate::log::LogLevel;

#[test]
fn level_limits_and_allowed_peers_change_and_the_rest_waits() {
    let machine = Machine::new();
    let group = "PHOTOPRISM_ADMIN_GROUP=root\n";
    let config = machine.file("settings", group);
    let mut loaded = machine.run(&["--config", &config, "--idle-timeout", "7"]).unwrap();
    let before = loaded.settings.clone();
    machine.file(
        "settings",
        &format!(
            "{group}PHOTOPRISM_LOG_LEVEL=debug\nPHOTOPRISM_ADMIN_MAX_LINE=2048\n\
             PHOTOPRISM_ADMIN_ALLOW=read=uid:5\nPHOTOPRISM_ADMIN_IDLE_TIMEOUT=8\n\
             PHOTOPRISM_ADMIN_HASH_THREADS=3\nPHOTOPRISM_LOG_FORMAT=json\n"
        ),
    );
    let reloaded = loaded.reload().unwrap();
    let after = reloaded.settings;
    assert_eq!(after, loaded.settings);
    assert_eq!(after.log_level, LogLevel::Debug);
    assert_eq!(after.limits.max_line, 2048);
    assert_eq!(after.limits.idle_timeout, Duration::from_secs(7), "the flag still wins");
    assert_eq!(after.allow.len(), 1);
    assert_eq!(after.limits.hash_threads, before.limits.hash_threads);
    assert_eq!(after.log_format, before.log_format);
    assert_eq!(reloaded.needs_restart, ["log-format", "hash-threads"]);
    machine.file("settings", group);
    let reloaded = loaded.reload().unwrap();
    assert_eq!((reloaded.settings, reloaded.needs_restart), (before, vec![]));
}

#[test]
fn a_bad_file_changes_nothing() {
    let machine = Machine::new();
    let config = machine.file("settings", "PHOTOPRISM_ADMIN_MAX_LINE=2048\n");
    let mut loaded = machine.run(&["--config", &config]).unwrap();
    let before = loaded.settings.clone();
    for text in [
        "PHOTOPRISM_ADMIN_MAX_LINE=4096\nPHOTOPRISM_ADMIN_MAX_LINES=1\n",
        "PHOTOPRISM_ADMIN_MAX_LINE=4096\nPHOTOPRISM_ADMIN_LOGIN_BURST=0\n",
        "PHOTOPRISM_ADMIN_MAX_LINE=4096\nPHOTOPRISM_LOG_FORMAT=xml\n",
        "PHOTOPRISM_ADMIN_MAX_LINE=4096\nPHOTOPRISM_ADMIN_ALLOW=read=uid:5\n",
        "PHOTOPRISM_ADMIN_MAX_LINE=4096\nPHOTOPRISM_ADMIN_GROUP=no-such-group\n",
    ] {
        machine.file("settings", text);
        let error = loaded.reload().unwrap_err();
        assert!(error.to_string().contains("settings:2"), "{error}");
        assert_eq!(loaded.settings, before);
    }
    std::fs::remove_file(&config).unwrap();
    assert!(loaded.reload().unwrap_err().to_string().contains("cannot be read"));
    assert_eq!(loaded.settings, before);
}

#[test]
fn without_a_file_a_reload_is_the_same_again() {
    let machine = Machine::new();
    let mut loaded = machine.run(&["--max-line", "2048"]).unwrap();
    let before = loaded.settings.clone();
    assert_eq!(loaded.reload().unwrap().settings, before);
}

#[test]
fn a_database_of_photoprism_that_appears_later_does_not_stop_a_reload() {
    let machine = Machine::new();
    let storage = machine.directory().to_str().unwrap().to_owned();
    let machine = machine.env("PHOTOPRISM_STORAGE_PATH", &storage);
    let mut loaded = machine.run(&[]).unwrap();
    machine.file("index.db", "");
    assert!(loaded.reload().is_ok());
}
