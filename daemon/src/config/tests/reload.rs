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
    let reloaded = loaded.reload(None).unwrap();
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
    let reloaded = loaded.reload(None).unwrap();
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
        let error = loaded.reload(None).unwrap_err();
        assert!(error.to_string().contains("settings:2"), "{error}");
        assert_eq!(loaded.settings, before);
    }
    std::fs::remove_file(&config).unwrap();
    assert!(loaded.reload(None).unwrap_err().to_string().contains("cannot be read"));
    assert_eq!(loaded.settings, before);
}

#[test]
fn without_a_file_a_reload_is_the_same_again() {
    let machine = Machine::new();
    let mut loaded = machine.run(&["--max-line", "2048"]).unwrap();
    let before = loaded.settings.clone();
    assert_eq!(loaded.reload(None).unwrap().settings, before);
}

#[test]
fn a_database_of_photoprism_that_appears_later_does_not_stop_a_reload() {
    let machine = Machine::new();
    let storage = machine.directory().to_str().unwrap().to_owned();
    let machine = machine.env("PHOTOPRISM_STORAGE_PATH", &storage);
    let mut loaded = machine.run(&[]).unwrap();
    machine.file("index.db", "");
    assert!(loaded.reload(None).is_ok());
}

#[test]
fn an_entry_for_the_group_of_the_socket_does_not_vanish() {
    let allow = |entries: &str| format!("PHOTOPRISM_ADMIN_ALLOW={entries}\n");
    let group = "PHOTOPRISM_ADMIN_GROUP=0\n";
    for (passed, head, entry) in [
        (None, group, "read=gid:0"),
        (Some(71), "", "read=gid:71"),
        (Some(71), "", "verify=gid:71,read=gid:71"),
    ] {
        let mut machine = Machine::new();
        machine.passed = passed.is_some();
        let config = machine.file("settings", &format!("{head}{}", allow(entry)));
        let mut loaded = machine.run(&["--config", &config]).unwrap();
        let before = loaded.settings.clone();
        for text in [
            format!("{head}# {}", allow(entry)),
            format!("{head}{}", allow("")),
            format!("{head}{}", allow("read=gid:72,read=uid:71,read=uid:0")),
            format!("{head}# nothing\n"),
        ] {
            machine.file("settings", &text);
            let error = loaded.reload(passed).unwrap_err().to_string();
            assert!(error.contains("allow") && error.contains("administrators"), "{error}");
            assert_eq!(loaded.settings, before, "{text}");
        }
        machine.file("settings", "");
        let error = loaded.reload(passed).unwrap_err().to_string();
        assert!(error.contains("is empty"), "{error}");
        let gid = passed.unwrap_or(0);
        let other = allow(&format!("write=gid:{gid},read=uid:5"));
        machine.file("settings", &format!("{head}{other}"));
        assert_eq!(loaded.reload(passed).unwrap().settings.allow.len(), 2);
        machine.file("settings", &format!("{head}{}", allow(&format!("admin=gid:{gid}"))));
        assert_eq!(loaded.reload(passed).unwrap().settings.allow.len(), 1, "that is said");
    }
}

#[test]
fn an_entry_for_anybody_else_may_vanish() {
    let machine = Machine::new();
    let group = "PHOTOPRISM_ADMIN_GROUP=0\n";
    let text = format!("{group}PHOTOPRISM_ADMIN_ALLOW=read=gid:71,read=uid:0\n");
    let config = machine.file("settings", &text);
    let mut loaded = machine.run(&["--config", &config]).unwrap();
    machine.file("settings", group);
    assert_eq!(loaded.reload(None).unwrap().settings.allow, []);
}
