//! Flags over environment over file over defaults, for every setting.

use crate::config::error::Source;
use crate::config::table::{Default, Id, SETTINGS, Setting};
use crate::config::testing::Machine;

/// Three valid, different values of each setting, except those that need another one.
fn good(machine: &Machine, id: Id) -> Option<[String; 3]> {
    let texts = |texts: [&str; 3]| Some(texts.map(String::from));
    match id {
        Id::Config
        | Id::Allow
        | Id::AuthSocket
        | Id::AdminPassword
        | Id::DatabasePassword
        | Id::AccountsLenient
        | Id::DisableFeatures => None,
        Id::Database
        | Id::DatabasePasswordFile
        | Id::Backups
        | Id::Socket
        | Id::AdminPasswordFile
        | Id::Accounts => Some(["a", "b", "c"].map(|name| machine.path(name))),
        Id::WaitLock => texts(["1s", "30s", "10m"]),
        Id::BackupEvery => texts(["1h", "1d", "366d"]),
        Id::BackupKeep => texts(["1", "14", "1000"]),
        Id::SocketGroup | Id::AuthSocketGroup => texts(["root", "1", "2"]),
        Id::AdminUser => texts(["anna", "berta", "clara"]),
        Id::PasswordLength => texts(["1", "12", "72"]),
        Id::PasswordHash => texts(["argon2id", "bcrypt", "argon2id"]),
        Id::Argon2 => texts(["m=65536,t=10,p=4", "p=1,m=19456,t=3", "t=2"]),
        Id::SessionMaxage | Id::SessionTimeout => texts(["-1", "1", "3153600000"]),
        Id::SessionCache => texts(["60", "700", "3600"]),
        Id::VerdictTtl => texts(["0", "60", "3600"]),
        Id::PhotoprismUrl => texts(["http://[::1]:2342", "http://photos:2342/x", "unix:/run/p"]),
        Id::LogFormat => texts(["json", "text", "json"]),
        Id::LogLevel => texts(["error", "warn", "trace"]),
        Id::MaxLine => texts(["1024", "65535", "1048576"]),
        Id::MaxConnections => texts(["8", "300", "65536"]),
        Id::MaxConnectionsPerUid => texts(["1", "300", "65536"]),
        Id::ReservedConnections => texts(["0", "3", "64"]),
        Id::LineTimeout | Id::WriteTimeout | Id::RequestTimeout => texts(["1", "7", "3600"]),
        Id::IdleTimeout | Id::LoginRefill => texts(["1", "7", "86400"]),
        Id::HashThreads => texts(["1", "3", "64"]),
        Id::HashQueue => texts(["1", "7", "4096"]),
        Id::LoginBurst => texts(["1", "7", "1000"]),
        Id::RefusalFloor => texts(["0", "7", "5000"]),
        Id::LoginRecords => texts(["1000", "7000", "10000000"]),
    }
}

fn ordinary() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|row| good(&Machine::new(), row.id).is_some())
}

#[test]
fn the_table_is_in_order_and_names_are_unique() {
    for (at, row) in SETTINGS.iter().enumerate() {
        assert_eq!(row.id as usize, at, "{}", row.name);
        assert_eq!(row.id.setting(), row);
        let same = |other: &&Setting| other.name == row.name || other.env == row.env;
        assert_eq!(SETTINGS.iter().filter(same).count(), 1, "{}", row.name);
        assert!(!row.name.contains('_') && row.env.starts_with("PHOTOPRISM_"), "{}", row.name);
    }
    let without_flag: Vec<_> = SETTINGS.iter().filter(|row| !row.has_flag()).collect();
    let ids = [Id::DatabasePassword, Id::AdminPassword, Id::DisableFeatures];
    assert_eq!(without_flag, ids.map(Id::setting));
}

#[test]
fn limits_are_named_after_their_flag() {
    let first = Id::MaxLine as usize;
    for row in &SETTINGS[first..] {
        let name = row.name.to_uppercase().replace('-', "_");
        assert_eq!(row.env, format!("PHOTOPRISM_ADMIN_{name}"));
    }
}

#[test]
fn nothing_given_is_the_default() {
    let loaded = Machine::new().run(&[]).unwrap();
    for row in &SETTINGS {
        assert_eq!(loaded.source(row.id), &Source::Default, "{}", row.name);
        if let Default::Text(text) = row.default {
            assert_eq!(loaded.values.raw(row.id).unwrap(), text, "{}", row.name);
        }
    }
}

#[test]
fn each_source_wins_over_those_after_it() {
    for row in ordinary() {
        let machine = Machine::new();
        let [in_file, in_env, in_flag] = good(&machine, row.id).unwrap();
        let config = machine.file("settings", &format!("\n{}={in_file}\n", row.env));
        let raw = |machine: &Machine, args: &[&str]| {
            let loaded = machine.run(args).unwrap();
            let text = loaded.values.raw(row.id).unwrap().to_str().unwrap().to_owned();
            (text, loaded.source(row.id).clone())
        };
        let source = Source::File { name: row.env, path: config.clone(), line: 2 };
        assert_eq!(raw(&machine, &["--config", &config]), (in_file.clone(), source.clone()));
        let machine = machine.env(row.env, "");
        assert_eq!(raw(&machine, &["--config", &config]), (in_file, source), "{}", row.name);
        let machine = machine.env(row.env, &in_env);
        let source = Source::Environment(row.env);
        assert_eq!(raw(&machine, &["--config", &config]), (in_env, source), "{}", row.name);
        let flag = format!("--{}", row.name);
        let given = raw(&machine, &["--config", &config, &flag, &in_flag]);
        assert_eq!(given, (in_flag, Source::Flag(row.name)), "{}", row.name);
    }
}

#[test]
fn an_empty_flag_is_refused_and_an_empty_line_counts_as_none() {
    for row in SETTINGS.iter().filter(|row| row.has_flag()) {
        let message = Machine::new().refusal(&[&format!("--{}=", row.name)]);
        assert!(message.starts_with(&format!("{}: is empty", row.name)), "{message}");
    }
    for row in SETTINGS.iter().filter(|row| row.id != Id::Config) {
        let machine = Machine::new();
        let config = machine.file("settings", &format!("{}=\r\n", row.env));
        let loaded = machine.run(&["--config", &config]).unwrap();
        assert_eq!(loaded.source(row.id), &Source::Default, "{}", row.name);
    }
}

#[test]
fn the_config_file_is_named_by_flag_or_environment() {
    let machine = Machine::new();
    let first = machine.file("first", "PHOTOPRISM_ADMIN_MAX_LINE=2048");
    let second = machine.file("second", "PHOTOPRISM_ADMIN_MAX_LINE=4096");
    let machine = machine.env("PHOTOPRISM_ADMIN_CONFIG", &first);
    assert_eq!(machine.run(&[]).unwrap().settings.limits.max_line, 2048);
    let loaded = machine.run(&["--config", &second]).unwrap();
    assert_eq!(loaded.settings.limits.max_line, 4096);
}

#[test]
fn faults_of_the_config_file_name_file_and_line() {
    let machine = Machine::new();
    let config = machine.file("settings", "# x\n\nPHOTOPRISM_ADMIN_NOTHING=1\n");
    let message = machine.refusal(&["--config", &config]);
    assert!(message.starts_with(&format!("{config}:3: ")), "{message}");
    let config = machine.file("settings", "\nPHOTOPRISM_ADMIN_MAX_LINE=12\n");
    let wanted = format!(
        "max-line: 12 is not in 1024 to 1048576 (from PHOTOPRISM_ADMIN_MAX_LINE, {config}:2)"
    );
    assert_eq!(machine.refusal(&["--config", &config]), wanted);
    let message = machine.refusal(&["--config", "/nowhere/at/all"]);
    assert!(message.starts_with("config: \"/nowhere/at/all\" cannot be read: "), "{message}");
    assert!(message.ends_with("(from --config)"), "{message}");
}

#[test]
fn messages_name_the_source() {
    let machine = Machine::new().env("PHOTOPRISM_ADMIN_MAX_LINE", "12");
    let message = "max-line: 12 is not in 1024 to 1048576 (from PHOTOPRISM_ADMIN_MAX_LINE)";
    assert_eq!(machine.refusal(&[]), message);
    let message = "max-line: \"x\\u{1b}\" is not a whole number (from --max-line)";
    assert_eq!(machine.refusal(&["--max-line", "x\u{1b}"]), message);
}

#[test]
fn hash_threads_follow_the_cores_up_to_four() {
    for (cores, threads) in [(0, 1), (1, 1), (3, 3), (4, 4), (64, 4)] {
        let machine = Machine { cores, ..Machine::new() };
        assert_eq!(machine.run(&[]).unwrap().settings.limits.hash_threads, threads);
    }
}
