//! Stored, then printed in every format.

use serde_json::{Value, json};

use crate::common::test_daemon::TestDaemon;
use crate::payloads::{all, misleading_line};
use crate::printed::{cells, rows, run, texts, without_formula};
use crate::stored::{into_the_database, through_the_socket};

/// Lists, with every column.
const LISTS: [(&[&str], &str); 3] = [
    (&["users", "ls", "-l", "-a", "-r", "-n", "1000"], "name"),
    (&["logins", "ls", "-n", "1000"], "name"),
    (&["auth", "ls", "-n", "1000"], "client_name"),
];

/// The column of each of them that holds that text.
const COLUMNS: [&str; 3] = ["Username", "User Name", "Client"];

fn with_texts() -> TestDaemon {
    let mut home = TestDaemon::started();
    let texts = all();
    let mut client = home.connect();
    let send = |(number, text): (usize, &String)| through_the_socket(&mut client, number, text);
    let taken: usize = texts.iter().enumerate().map(send).sum();
    assert!((100..1200).contains(&taken), "{taken} of 1300 were taken");
    into_the_database(&mut home, &texts);
    home
}

/// Neither a table nor what goes with it misleads.
fn assert_safe(home: &TestDaemon, arguments: &[&str]) -> String {
    let (out, err) = run(home, arguments);
    assert!(!out.is_empty(), "{arguments:?}: {err}");
    for text in [&out, &err] {
        assert_eq!(misleading_line(text), None, "{arguments:?}");
    }
    out
}

fn with<'a>(arguments: &[&'a str], format: &'a str) -> Vec<&'a str> {
    [arguments, &[format]].concat()
}

#[test]
fn lists_mislead_nobody_and_read_back() {
    let home = with_texts();
    for ((arguments, key), column) in LISTS.into_iter().zip(COLUMNS) {
        assert_safe(&home, arguments);
        let markdown = cells(&assert_safe(&home, &with(arguments, "--md")));
        assert!(markdown.iter().all(|count| *count == markdown[0]), "{arguments:?} {markdown:?}");
        let items: Value =
            serde_json::from_str(&assert_safe(&home, &with(arguments, "--json"))).unwrap();
        let expected: Vec<String> =
            texts(&items, key).iter().map(|text| without_formula(text)).collect();
        assert!(expected.len() >= 40, "{arguments:?} has {}", expected.len());
        for (format, separator) in [("--csv", b';'), ("--tsv", b'\t')] {
            let rows = rows(&run(&home, &with(arguments, format)).0, separator);
            let at = rows[0].iter().position(|name| name == column).unwrap();
            let found: Vec<String> = rows[1..].iter().map(|row| row[at].clone()).collect();
            assert_eq!(found, expected, "{arguments:?} {format}");
            for cell in rows.iter().flatten() {
                assert_eq!(*cell, without_formula(cell), "a formula");
            }
        }
    }
}

#[test]
fn accounts_mislead_nobody_one_by_one() {
    let home = with_texts();
    for (number, text) in all().iter().enumerate() {
        let uid = format!("us{number:014}");
        let show = ["users", "show", &uid];
        assert_safe(&home, &show);
        let markdown = cells(&assert_safe(&home, &with(&show, "--md")));
        assert!(markdown.iter().all(|count| *count == markdown[0]), "{text:?}");
        let shown: Value =
            serde_json::from_str(&assert_safe(&home, &with(&show, "--json"))).unwrap();
        assert_eq!(shown["display_name"], json!(text));
        let rows = rows(&run(&home, &with(&show, "--csv")).0, b';');
        let value = |name: &str| rows.iter().find(|row| row[0] == name).unwrap()[1].clone();
        assert_eq!(value("Display Name"), without_formula(text));
    }
}

#[test]
fn messages_and_the_log_mislead_nobody() {
    let mut home = with_texts();
    for text in all().iter().filter(|text| !text.contains('\0')) {
        for arguments in [
            ["users", "show", "--", text],
            ["auth", "show", "--", text],
            ["users", "ls", "--", text],
        ] {
            let (_, err) = run(&home, &arguments);
            assert_eq!(misleading_line(&err), None, "{arguments:?}");
        }
    }
    assert_eq!(misleading_line(&home.stop()), None);
}
