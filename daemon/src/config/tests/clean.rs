//! Values with something after or before them, and addresses in the place of a path.

use crate::config::table::{Form, Id, SETTINGS};
use crate::config::testing::Machine;

/// What a path must not be surrounded by, and a part of the message.
const AROUND: [(&str, &str, &str); 10] = [
    ("", "\r", "carriage return"),
    ("", "\n", "line feed"),
    ("", "\r\n", "carriage return"),
    ("\t", "", "tab"),
    ("", "\t", "tab"),
    (" ", "", "begins with a blank"),
    ("", " ", "ends in a blank"),
    ("\u{a0}", "", "U+00A0"),
    ("", "\u{a0}", "U+00A0"),
    ("", "\u{feff}", "U+FEFF"),
];

fn names(machine: &Machine) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(machine.directory()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn no_path_has_anything_around_it_wherever_it_comes_from() {
    let paths: Vec<_> = SETTINGS.iter().filter(|row| row.form == Form::Path).collect();
    assert!(paths.len() >= 5, "{paths:?}");
    for row in paths {
        for (before, after, expected) in AROUND {
            let machine = Machine::new();
            let text = format!("{before}{}{after}", machine.path("photos"));
            // A line feed ends the line of a file.
            let line = format!("# first\n{}={text}\n", row.env);
            let config = machine.file("settings", &line);
            let before = names(&machine);
            let flag = machine.refusal(&[&format!("--{}", row.name), &text]);
            let variable = Machine { ..machine }.env(row.env, &text);
            let from_env = variable.refusal(&[]);
            let mut refusals = vec![
                (flag, format!("(from --{})", row.name)),
                (from_env, format!("(from {})", row.env)),
            ];
            // A line feed ends a line of the file, with a carriage return before it too; the file
            // does not name itself.
            if !after.ends_with('\n') && after != "\r" && row.id != Id::Config {
                let machine = variable.without(row.env);
                refusals.push((machine.refusal(&["--config", &config]), "settings:2)".into()));
                assert_eq!(names(&machine), before);
            }
            for (message, source) in refusals {
                assert!(message.starts_with(&format!("{}: ", row.name)), "{message}");
                assert!(message.contains(expected), "{text:?}: {message}");
                assert!(message.ends_with(&source), "{message}");
                assert!(!message.contains("photos"), "{message}");
                assert!(!message.contains(char::is_control), "{message}");
            }
        }
    }
}

#[test]
fn no_value_at_all_has_a_carriage_return() {
    for row in SETTINGS.iter().filter(|row| row.id != Id::AdminPassword) {
        let value = match row.form {
            Form::Number { least, .. } => least.to_string(),
            Form::OneOf(words) => words[0].to_owned(),
            Form::Text | Form::Path | Form::Lifetime | Form::Every { .. } | Form::Switch => {
                "1".to_owned()
            }
        };
        let machine = Machine::new().env(row.env, &format!("{value}\r"));
        let message = machine.refusal(&[]);
        assert!(message.starts_with(&format!("{}: ends in a carriage return", row.name)));
        assert!(message.contains("save the file with Unix line ends"), "{message}");
        assert!(message.ends_with(&format!("(from {})", row.env)), "{message}");
    }
    // What a stronger source overrides is not used, and so not checked.
    let machine = Machine::new().env("PHOTOPRISM_ADMIN_MAX_LINE", "2048\r");
    assert!(machine.run(&["--max-line", "2048"]).is_ok());
}

#[test]
fn a_file_with_windows_line_ends_is_read_and_one_with_those_of_old_macs_refused() {
    let machine = Machine::new();
    let database = machine.path("admin.db");
    let lines = [
        "# Windows",
        "",
        &format!("PHOTOPRISM_ADMIN_DATABASE={database}"),
        "PHOTOPRISM_ADMIN_MAX_LINE=2048",
        "PHOTOPRISM_ADMIN_USER=boss",
        "PHOTOPRISM_ADMIN_GROUP=",
    ];
    let config = machine.file("settings", &lines.join("\r\n"));
    let settings = machine.run(&["--config", &config]).unwrap().settings;
    assert_eq!(settings.database.path.to_str().unwrap(), database);
    assert_eq!((settings.limits.max_line, settings.admin_user.as_str()), (2048, "boss"));
    assert_eq!(settings.socket_group, None);
    for text in [lines[2..].join("\r"), format!("{}\r\r\n", lines[2])] {
        let config = machine.file("settings", &text);
        let message = machine.refusal(&["--config", &config]);
        assert!(
            message.contains("carriage return, as in a file with Windows line ends: save"),
            "{message}"
        );
    }
}

#[test]
fn an_address_in_the_place_of_a_path_is_not_repeated() {
    let machine = Machine::new();
    machine.file("index.db", "");
    let index = machine.path("index.db");
    for (text, server) in [
        ("photoprism:hunter22@tcp(mariadb:3306)/photoprism?charset=utf8mb4", true),
        ("photoprism:hunter22@tcp(mariadb:3306)/photoprism?charset=utf8mb4\r", true),
        ("hunter22@unix(/run/mysqld/mysqld.sock)/photoprism", true),
        ("root:hunter22@/photoprism", true),
        ("mysql:photoprism:hunter22@mariadb/photoprism", true),
        (&format!("{index}?_busy_timeout=5000&_auth_pass=hunter22"), false),
        (&format!("{index}?tls=/a/hunter22"), false),
        (&format!("file:{index}"), false),
        (&format!("sqlite:{index}"), false),
        ("https://example.com/hunter22", false),
        (":memory:", false),
    ] {
        let flag = machine.refusal(&["--database", text]);
        let other = Machine::new().env("PHOTOPRISM_ADMIN_DATABASE", text);
        for (message, source) in
            [(flag, "(from --database)"), (other.refusal(&[]), "(from PHOTOPRISM_ADMIN_DATABASE)")]
        {
            assert!(message.starts_with("database: is "), "{message}");
            assert!(message.contains("--database PATH") && message.ends_with(source), "{message}");
            assert_eq!(message.contains("mysql:// alone"), server, "{message}");
            for part in ["hunter22", "tcp(", "timeout", "/run", "mysqld", "memory"] {
                assert!(!message.contains(part), "{message}");
            }
        }
    }
    assert_eq!(names(&machine), ["index.db"]);
}

#[test]
fn variables_that_defaults_derive_from_are_checked_too() {
    for (name, expected) in [
        ("XDG_DATA_HOME", "database: the variable XDG_DATA_HOME ends in a carriage return"),
        ("XDG_RUNTIME_DIR", "socket: the variable XDG_RUNTIME_DIR ends in a carriage return"),
        ("PHOTOPRISM_STORAGE_PATH", "the variable PHOTOPRISM_STORAGE_PATH ends in a carriage"),
    ] {
        let machine = Machine::new();
        machine.file("index.db", "");
        let directory = format!("{}\r", machine.directory().display());
        let message = machine.env(name, &directory).refusal(&[]);
        assert!(message.starts_with(expected), "{message}");
    }
    let machine = Machine::new().without("XDG_DATA_HOME").env("HOME", "/home/you\u{a0}");
    assert!(machine.refusal(&[]).contains("the variable HOME ends in a blank (U+00A0)"));
    let database = machine.path("admin.db");
    assert!(machine.run(&["--database", &database]).is_ok());
}
