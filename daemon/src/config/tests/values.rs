//! The forms and ranges of values, and the settings that they give.

use std::time::Duration;

use photoprism_protocol::level::Level;
use proptest::prelude::*;

use crate::config::settings::{Argon2Params, Scheme, Settings};
use crate::config::table::{Form, Id, SETTINGS};
use crate::config::testing::Machine;
use crate::config::values::Lifetime;
use crate::config::{Allowed, Limits, Peer};
use crate::log::{LogFormat, LogLevel};

fn with(name: &str, text: &str) -> Settings {
    Machine::new().run(&[&format!("--{name}"), text]).unwrap().settings
}

#[test]
fn defaults_are_those_of_the_documents() {
    let settings = Machine::new().run(&[]).unwrap().settings;
    let seconds = Duration::from_secs;
    let limits = Limits {
        max_line: 65536,
        max_connections: 256,
        max_connections_per_uid: 32,
        reserved_connections: 4,
        line_timeout: seconds(5),
        idle_timeout: seconds(300),
        write_timeout: seconds(10),
        request_timeout: seconds(30),
        hash_threads: 2,
        hash_queue: 64,
        login_burst: 10,
        login_refill: seconds(60),
        refusal_floor: Duration::from_millis(400),
        login_records: 100_000,
    };
    assert_eq!(settings.limits, limits);
    assert_eq!(settings.admin_user, "admin");
    assert_eq!((settings.password_length, settings.password_hash), (8, None));
    assert_eq!(settings.argon2, Argon2Params { memory_kib: 19456, passes: 2, lanes: 1 });
    assert_eq!(settings.session_maxage, Lifetime::Seconds(1_209_600));
    assert_eq!(settings.session_timeout, Lifetime::Seconds(604_800));
    assert_eq!(settings.session_cache, 900);
    assert_eq!(settings.verdict_ttl, seconds(600));
    assert_eq!((settings.log_format, settings.log_level), (LogFormat::Text, LogLevel::Info));
    assert_eq!((settings.socket_group, settings.auth_socket), (None, None));
    assert_eq!(settings.allow, []);
}

/// The ranges, written by hand from the documents and not taken from the table.
const RANGES: [(Id, u64, u64); 18] = [
    (Id::BackupKeep, 1, 1000),
    (Id::PasswordLength, 1, 72),
    (Id::SessionCache, 60, 3600),
    (Id::VerdictTtl, 0, 86400),
    (Id::MaxLine, 1024, 1_048_576),
    (Id::MaxConnections, 8, 65536),
    (Id::MaxConnectionsPerUid, 1, 65536),
    (Id::ReservedConnections, 0, 64),
    (Id::LineTimeout, 1, 3600),
    (Id::IdleTimeout, 1, 86400),
    (Id::WriteTimeout, 1, 3600),
    (Id::RequestTimeout, 1, 3600),
    (Id::HashThreads, 1, 64),
    (Id::HashQueue, 1, 4096),
    (Id::LoginBurst, 1, 1000),
    (Id::LoginRefill, 1, 86400),
    (Id::RefusalFloor, 0, 5000),
    (Id::LoginRecords, 1000, 10_000_000),
];

#[test]
fn numbers_hold_from_end_to_end_and_not_one_past() {
    let numbers = SETTINGS.iter().filter(|row| matches!(row.form, Form::Number { .. }));
    assert!(numbers.map(|row| row.id).eq(RANGES.map(|(id, _, _)| id)));
    for (id, least, most) in RANGES {
        let name = id.setting().name;
        for number in [least, most] {
            with(name, &number.to_string());
        }
        let (least, most) = (i128::from(least), i128::from(most));
        for number in [least - 1, most + 1, -most, i128::from(u64::MAX) + 1] {
            let message = Machine::new().refusal(&[&format!("--{name}"), &number.to_string()]);
            let wanted = format!("{name}: {number} is not in {least} to {most} (from --{name})");
            assert_eq!(message, wanted);
        }
        for text in ["x", "1.5", "+10", "0x10", "10s", " 10", "1e3", "-", "١"] {
            let message = Machine::new().refusal(&[&format!("--{name}={text}")]);
            assert!(message.contains("is not a whole number"), "{message}");
        }
    }
}

#[test]
fn limits_reach_their_own_field() {
    let limits = |name, text| with(name, text).limits;
    assert_eq!(limits("max-line", "1024").max_line, 1024);
    assert_eq!(limits("max-connections", "9").max_connections, 9);
    assert_eq!(limits("max-connections-per-uid", "9").max_connections_per_uid, 9);
    assert_eq!(limits("reserved-connections", "9").reserved_connections, 9);
    assert_eq!(limits("line-timeout", "9").line_timeout, Duration::from_secs(9));
    assert_eq!(limits("idle-timeout", "9").idle_timeout, Duration::from_secs(9));
    assert_eq!(limits("write-timeout", "9").write_timeout, Duration::from_secs(9));
    assert_eq!(limits("request-timeout", "9").request_timeout, Duration::from_secs(9));
    assert_eq!(limits("hash-threads", "9").hash_threads, 9);
    assert_eq!(limits("hash-queue", "9").hash_queue, 9);
    assert_eq!(limits("login-burst", "9").login_burst, 9);
    assert_eq!(limits("login-refill", "9").login_refill, Duration::from_secs(9));
    assert_eq!(limits("refusal-floor", "9").refusal_floor, Duration::from_millis(9));
    assert_eq!(limits("login-records", "1009").login_records, 1009);
    assert_eq!(with("password-length", "9").password_length, 9);
    assert_eq!(with("session-cache", "61").session_cache, 61);
    assert_eq!(with("verdict-ttl", "0").verdict_ttl, Duration::ZERO);
}

#[test]
fn how_often_has_a_unit_and_bounds() {
    let every = |text| with("backup-every", text).backup_every;
    assert_eq!(every("off"), None);
    assert_eq!(Machine::new().run(&[]).unwrap().settings.backup_every, None);
    for (text, hours) in [("1h", 1), ("60m", 1), ("1d", 24), ("1w", 168), ("366d", 8784)] {
        assert_eq!(every(text), Some(Duration::from_hours(hours)), "{text}");
    }
    let overflows = format!("{}w", u64::MAX);
    for text in [
        "59m", "367d", "0d", "1", "3600", "d", "1.5d", "-1d", "+1d", "1D", "1 d", "daily",
        &overflows,
    ] {
        let message = Machine::new().refusal(&[&format!("--backup-every={text}")]);
        assert!(message.contains("nor a time of 1h to 366d"), "{text}: {message}");
    }
    assert_eq!(with("backup-keep", "3").backup_keep, 3);
}

#[test]
fn a_start_waits_for_seconds_to_minutes() {
    let wait = |text| with("wait-lock", text).wait_lock;
    assert_eq!(Machine::new().run(&[]).unwrap().settings.wait_lock, Duration::ZERO);
    for (text, seconds) in [("off", 0), ("1s", 1), ("30s", 30), ("10m", 600)] {
        assert_eq!(wait(text), Duration::from_secs(seconds), "{text}");
    }
    for text in ["0s", "601s", "11m", "30", "1h"] {
        let message = Machine::new().refusal(&[&format!("--wait-lock={text}")]);
        assert!(message.contains("nor a time of 1s to 10m"), "{text}: {message}");
    }
}

#[test]
fn a_switch_is_on_off_or_a_flag_alone() {
    let lenient = |machine: &Machine, args: &[&str]| {
        let args = [&["--accounts", "accounts.toml"], args].concat();
        machine.run(&args).unwrap().settings.accounts.unwrap().lenient
    };
    assert!(!lenient(&Machine::new(), &[]));
    assert!(lenient(&Machine::new(), &["--accounts-lenient"]));
    for (text, on) in [("true", true), ("1", true), ("YES", true), ("false", false), ("0", false)] {
        let machine = Machine::new().env("PHOTOPRISM_ADMIN_ACCOUNTS_LENIENT", text);
        assert_eq!(lenient(&machine, &[]), on, "{text}");
        assert_eq!(lenient(&Machine::new(), &[&format!("--accounts-lenient={text}")]), on);
        // The flag wins.
        assert!(lenient(&machine, &["--accounts-lenient"]));
    }
    let message = Machine::new().env("PHOTOPRISM_ADMIN_ACCOUNTS_LENIENT", "maybe").refusal(&[]);
    assert!(message.starts_with("accounts-lenient: \"maybe\" is not true or false"), "{message}");
}

#[test]
fn the_file_of_accounts_has_a_whole_path() {
    let accounts = with("accounts", "accounts.toml").accounts.unwrap();
    assert!(accounts.path.is_absolute() && accounts.path.ends_with("accounts.toml"));
    assert_eq!(Machine::new().run(&[]).unwrap().settings.accounts, None);
}

#[test]
fn lifetimes_are_seconds_or_never() {
    for name in ["session-maxage", "session-timeout"] {
        let of = |text| {
            let settings = with(name, text);
            if name == "session-maxage" {
                settings.session_maxage
            } else {
                settings.session_timeout
            }
        };
        assert_eq!(of("-1"), Lifetime::Never);
        assert_eq!(of("1"), Lifetime::Seconds(1));
        assert_eq!(of("3153600000"), Lifetime::Seconds(3_153_600_000));
        for text in ["0", "-2", "3153600001", "4294967296", "x", "1h", "+1", "never", "1.0"] {
            let message = Machine::new().refusal(&[&format!("--{name}={text}")]);
            let wanted = "is not in 1 to 3153600000 seconds, nor -1 for never (from --";
            assert!(message.contains(wanted), "{message}");
        }
    }
    assert_eq!((Lifetime::Never.as_i64(), Lifetime::Seconds(7).as_i64()), (-1, 7));
}

#[test]
fn the_list_of_disabled_features_is_read_as_photoprism_reads_it() {
    let disabled = |list: &str| {
        let machine = Machine::new();
        let config = machine.file("settings", &format!("PHOTOPRISM_DISABLE_FEATURES={list}"));
        let in_file = machine.run(&["--config", &config]).unwrap().settings;
        let machine = Machine::new().env("PHOTOPRISM_DISABLE_FEATURES", list);
        let in_environment = machine.run(&[]).unwrap().settings;
        assert_eq!(in_file.app_passwords_disabled, in_environment.app_passwords_disabled);
        in_environment.app_passwords_disabled
    };
    for list in [
        "app-passwords",
        "App-Passwords",
        "app_passwords",
        "AppPasswords",
        "app-password",
        "upload,app-passwords",
        "upload, app-passwords",
        "Upload app-passwords share",
        ",app-passwords,,",
    ] {
        assert!(disabled(list), "{list}");
    }
    for list in [
        "",
        ",",
        "upload",
        "app passwords",
        "app-passwords-2",
        "no-app-passwords",
        "passwords",
        "app-passwords;upload",
        "\u{fffd}",
    ] {
        assert!(!disabled(list), "{list}");
    }
    assert!(!Machine::new().run(&[]).unwrap().settings.app_passwords_disabled);
    let message = Machine::new().refusal(&["--disable-features", "app-passwords"]);
    assert!(message.contains("--disable-features"), "{message}");
}

#[test]
fn words_are_taken_as_they_are() {
    assert_eq!(with("password-hash", "argon2id").password_hash, Some(Scheme::Argon2id));
    assert_eq!(with("password-hash", "bcrypt").password_hash, Some(Scheme::Bcrypt));
    assert_eq!(with("log-format", "json").log_format, LogFormat::Json);
    assert_eq!(with("log-format", "text").log_format, LogFormat::Text);
    for (text, level) in [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("warning", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ] {
        assert_eq!(with("log-level", text).log_level, level);
    }
    for name in ["password-hash", "log-format", "log-level"] {
        for text in ["loud", "JSON", "Bcrypt", "info ", "1"] {
            let message = Machine::new().refusal(&[&format!("--{name}"), text]);
            assert!(message.contains("is none of "), "{message}");
        }
    }
}

#[test]
fn argon2_is_never_below_its_default_nor_above_what_is_computed() {
    let params = |memory_kib, passes, lanes| Argon2Params { memory_kib, passes, lanes };
    assert_eq!(with("argon2", "m=65536,t=10,p=4").argon2, params(65536, 10, 4));
    assert_eq!(with("argon2", "p=2,m=20000,t=3").argon2, params(20000, 3, 2));
    assert_eq!(with("argon2", "t=4").argon2, params(19456, 4, 1));
    for text in [
        "m=19455,t=2,p=1",
        "m=65537,t=2,p=1",
        "m=19456,t=1,p=1",
        "m=19456,t=11,p=1",
        "m=19456,t=2,p=0",
        "m=19456,t=2,p=5",
        "m=99999999999,t=2,p=1",
    ] {
        let message = Machine::new().refusal(&["--argon2", text]);
        assert!(message.contains(" is not in "), "{message}");
    }
    for text in [
        "x",
        "m",
        "m=",
        "m=19456,",
        "m=19456;t=2",
        "m=19456,m=19456",
        "q=1",
        "m=+19456",
        "m = 19456",
        "M=19456",
        "19456,2,1",
        "$argon2id$v=19$m=19456,t=2,p=1",
    ] {
        let message = Machine::new().refusal(&["--argon2", text]);
        assert!(message.contains("is not of the form m=19456,t=2,p=1"), "{message}");
    }
}

#[test]
fn allow_is_repeatable_and_comma_separated() {
    let entry = |level, peer| Allowed { level, peer };
    let args =
        ["--socket-group", "root", "--allow", "read=uid:5,write=gid:6", "--allow=verify=uid:7"];
    assert_eq!(
        Machine::new().run(&args).unwrap().settings.allow,
        [
            entry(Level::Read, Peer::Uid(5)),
            entry(Level::Write, Peer::Gid(6)),
            entry(Level::Verify, Peer::Uid(7)),
        ]
    );
    let machine = Machine::new().env("PHOTOPRISM_ADMIN_ALLOW", "admin=uid:5, read=gid:6");
    assert_eq!(machine.run(&["--socket-group", "0"]).unwrap().settings.allow.len(), 2);
    let args = ["--socket-group", "0", "--allow", "read=uid:1"];
    assert_eq!(machine.run(&args).unwrap().settings.allow, [entry(Level::Read, Peer::Uid(1))]);
}

#[test]
fn allow_needs_a_way_through_the_file_mode() {
    let message = Machine::new().refusal(&["--allow", "read=uid:5"]);
    assert!(message.starts_with("allow: ") && message.contains("--socket-group"), "{message}");
    let machine = Machine { passed: true, ..Machine::new() };
    assert_eq!(machine.run(&["--allow", "read=uid:5"]).unwrap().settings.allow.len(), 1);
    for text in ["read=uid:65534", "root=uid:5", "read=uid:5,"] {
        let message = Machine::new().refusal(&["--socket-group", "root", "--allow", text]);
        assert!(message.starts_with("allow: ") && message.ends_with("(from --allow)"), "{message}");
    }
}

#[test]
fn a_group_has_to_be_known() {
    for name in ["socket-group", "auth-socket-group"] {
        let message = Machine::new().refusal(&[&format!("--{name}"), "no-such-group"]);
        assert!(message.starts_with(&format!("{name}: there is no group")), "{message}");
    }
}

proptest! {
    #[test]
    fn no_value_of_any_setting_panics(
        at in 1..SETTINGS.len(), value in "\\PC{0,20}|[0-9a-z=:,-]{0,20}",
    ) {
        let machine = Machine::new();
        let text = format!("{}={value}\nPHOTOPRISM_ADMIN_NO=", SETTINGS[at].env);
        let config = machine.file("settings", &text);
        prop_assert!(machine.run(&["--config", &config]).is_err());
        let _ = machine.env(SETTINGS[at].env, &value).run(&[]);
    }
}
