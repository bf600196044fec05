//! Texts that SQLite would take for numbers: whichever way they come, and whatever they are, they
//! are refused at their field or come back as they were. MariaDB keeps all of them.

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::{TestDaemon, on_mariadb};
use crate::setup::{dump, home, photoprism, row};
use crate::ways::{WAYS, Way, bring, column};

/// Each with whether a column with numeric affinity can keep it. Seen in SQLite.
const VALUES: [(&str, bool); 18] = [
    ("00070", false),
    ("123456789012345678901", false),
    ("9223372036854775807", false),
    ("9223372036854775808", false),
    ("1e5000", false),
    ("1e5", false),
    ("12.50", false),
    (".5", false),
    ("5.", false),
    ("+5", false),
    ("-0", false),
    ("0x10", true),
    ("inf", true),
    ("nan", true),
    ("1_000", true),
    ("１２", true),
    ("70", true),
    ("123456789012345678", true),
];

/// Fields whose columns are VARBINARY there, and those that are VARCHAR.
const NUMERIC: [&str; 4] = ["auth_id", "auth_issuer", "base_path", "upload_path"];
const TEXTUAL: [&str; 2] = ["display_name", "attr"];

fn given(field: &str, value: &str) -> serde_json::Value {
    let mut given = json!({});
    if field == "auth_issuer" {
        given["auth_id"] = json!(format!("subject of {value}"));
    }
    given[field] = json!(value);
    given
}

/// What PhotoPrism's database holds, what is shown and what is exported are all the given text.
fn assert_kept(home: &mut TestDaemon, name: &str, (field, value): (&str, &str)) {
    let shown = home.ok("users.show", json!({"user": name}))["user"].clone();
    assert_eq!(shown[field], value, "{field} {name}");
    let exported = home.ok("users.export", json!({"search": name}))["items"].clone();
    let exported = exported.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(exported[field], value, "{field} {name}");
    let statement =
        format!("SELECT CAST({} AS TEXT) FROM auth_users WHERE user_name = ?1", column(field));
    let stored: String = photoprism(home).query_row(&statement, [name], |row| row.get(0)).unwrap();
    assert_eq!(stored, value, "{field} {name}");
}

fn each_value(way: Way) {
    let mut home = home();
    for (number, (value, kept)) in VALUES.into_iter().enumerate() {
        for field in NUMERIC.into_iter().chain(TEXTUAL) {
            let name = format!("{}-{number}", field.replace('_', "."));
            let came = bring(&mut home, way, (&name, &given(field, value)));
            // Directories whose names begin with a dot are hidden, and none of an account.
            let is_hidden = value.starts_with('.') && field.ends_with("_path");
            if kept || TEXTUAL.contains(&field) || on_mariadb() && !is_hidden {
                assert_eq!(came, Ok(()), "{way:?} {field} {value}");
                assert_kept(&mut home, &name, (field, value));
                continue;
            }
            let refused = Err(("invalid_argument".into(), field.into()));
            assert_eq!(came, refused, "{way:?} {field} {value}");
            let there = home.call("users.show", json!({"user": name}));
            let new = matches!(way, Way::Add | Way::Ndjson | Way::Csv | Way::Toml | Way::Database);
            assert_eq!(there["ok"], !new, "{way:?} {field} {value}: {there}");
            if !new {
                assert_eq!(
                    there["result"]["user"][field],
                    default(field, &name),
                    "{field} {value}"
                );
            }
        }
    }
}

/// What the account had before.
fn default(field: &str, name: &str) -> String {
    let words = |name: &str| name.split(['.', '-']).map(capital).collect::<Vec<_>>().join(" ");
    if field == "display_name" { words(name) } else { String::new() }
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

#[test]
fn by_add_and_mod() {
    each_value(Way::Add);
    each_value(Way::Mod);
}

#[test]
fn by_an_account_that_comes_back() {
    each_value(Way::AddRestore);
}

#[test]
fn by_imported_texts() {
    for way in [Way::Ndjson, Way::Csv, Way::Toml] {
        each_value(way);
    }
}

#[test]
fn by_an_import_that_updates() {
    each_value(Way::Update);
}

#[test]
fn by_another_database() {
    each_value(Way::Database);
}

#[test]
fn blanks_around_a_number_do_not_help() {
    let mut home = home();
    for (number, way) in WAYS.into_iter().enumerate() {
        // An auth id is trimmed, so that a good one is left; a directory may begin with a blank.
        let name = format!("trim-{number}");
        let id = format!("70{number}");
        bring(&mut home, way, (&name, &json!({"auth_id": format!(" {id} ")}))).unwrap();
        assert_kept(&mut home, &name, ("auth_id", &id));
        for (at, value) in [" 5", "5 "].into_iter().enumerate() {
            let name = format!("blank-{number}-{at}");
            let came = bring(&mut home, way, (&name, &given("base_path", value)));
            if on_mariadb() {
                assert_eq!(came, Ok(()), "{way:?}");
                assert_kept(&mut home, &name, ("base_path", value));
                continue;
            }
            assert_eq!(came, Err(("invalid_argument".into(), "base_path".into())), "{way:?}");
        }
    }
}

#[test]
fn names_of_digits_stay_names() {
    let mut home = home();
    for (number, name) in ["00070", "1e5", "0x10", "5.", "123456789012345678901"].iter().enumerate()
    {
        let way = [Way::Add, Way::Ndjson, Way::Csv, Way::Toml, Way::Database][number];
        bring(&mut home, way, (name, &json!({"attr": "x"}))).unwrap();
        assert_kept(&mut home, name, ("name", name));
        let found = home.ok("users.ls", json!({"search": name}))["items"].clone();
        assert_eq!(found[0]["name"], *name, "{found}");
    }
    home.ok("users.rename", json!({"user": "00070", "name": "0007"}));
    assert_kept(&mut home, "0007", ("name", "0007"));
    let session = home.ok("auth.add", json!({"name": "1e5", "scope": "007", "user": "0007"}));
    let id = session["session"]["id"].clone();
    let shown = home.ok("auth.show", json!({"session": id}))["session"].clone();
    assert_eq!((&shown["client_name"], &shown["scope"]), (&json!("1e5"), &json!("007")));
    assert_eq!(shown["user"]["name"], "0007");
}

#[test]
fn one_that_is_stored_as_an_integer_is_found_by_its_text() {
    let mut home = home();
    home.ok(
        "users.add",
        json!({"name": "seven", "role": "guest", "provider": "ldap",
        "auth_id": "70", "base_path": "2024", "upload_path": "0"}),
    );
    let stored: (String, String, String) = photoprism(&home)
        .query_row(
            "SELECT typeof(auth_id), typeof(base_path), typeof(upload_path) FROM auth_users
             WHERE user_name = 'seven'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(stored, ("integer".into(), "integer".into(), "integer".into()));
    for (number, way) in WAYS.into_iter().enumerate() {
        let taken = bring(&mut home, way, (&format!("other-{number}"), &json!({"auth_id": "70"})));
        assert_eq!(taken, Err(("exists".into(), "auth_id".into())), "{way:?}");
    }
    // The same value again is not a change, and another field can be changed.
    let same = json!({"user": "seven", "auth_id": "70", "base_path": "2024", "upload_path": "0"});
    assert_eq!(home.ok("users.mod", same)["changed"], json!([]));
    let changed = home.ok("users.mod", json!({"user": "seven", "attr": "x"}));
    assert_eq!(changed["changed"], json!(["attr"]));
}

#[test]
fn what_photoprism_stored_changed_is_left_as_it_is() {
    let mut home = home();
    let conn = photoprism(&home);
    // 123456789012345678901 and 1e5000 as PhotoPrism itself would store them.
    conn.execute_batch(
        "UPDATE auth_users SET auth_id = '123456789012345678901', base_path = '1e5000',
           preview_token = '12345e67', download_token = '00012345' WHERE user_name = 'bob'",
    )
    .unwrap();
    let rows = "SELECT auth_id, base_path, preview_token, download_token FROM auth_users
        WHERE user_name = 'bob'";
    let before = dump(&conn, rows);
    assert!(before[0].contains("Real"), "{before:?}");
    let bob = home.ok("users.export", json!({"search": "bob"}))["items"][0].clone();
    for way in [Way::Mod, Way::Update] {
        let given = json!({"auth_id": bob["auth_id"], "base_path": bob["base_path"],
            "attr": format!("{way:?}")});
        assert_eq!(bring(&mut home, way, ("bob", &given)), Ok(()), "{way:?}");
        assert_eq!(dump(&conn, rows), before, "{way:?}");
    }
    // A session has the tokens of its account, in the same storage.
    let app = home.ok("auth.add", json!({"name": "x", "scope": "*", "user": "bob"}));
    let which = format!("ref_id = '{}'", app["session"]["id"].as_str().unwrap());
    let session = row(&conn, "auth_sessions", &which);
    let account = row(&conn, "auth_users", "user_name = 'bob'");
    for column in ["preview_token", "download_token"] {
        assert_eq!(session[column], account[column], "{column}");
    }
}

#[test]
fn a_backup_brings_each_value_back_in_its_storage() {
    let mut home = home();
    let conn = photoprism(&home);
    for (number, value) in [
        "'00070'",
        "'1e5000'",
        "'123456789012345678901'",
        "CAST('0x10' AS BLOB)",
        "NULL",
        "x'00ff'",
    ]
    .into_iter()
    .enumerate()
    {
        let id = number + 2;
        conn.execute_batch(&format!(
            "UPDATE auth_users SET auth_id = {value}, base_path = {value}, upload_path = {value},
               preview_token = {value}, user_attr = {value}, thumb = {value} WHERE id = {id};
             UPDATE auth_users_settings SET index_path = {value}, ui_theme = {value}
               WHERE rowid = {id};
             UPDATE auth_users_details SET site_url = {value}, user_phone = {value}
               WHERE rowid = {id};"
        ))
        .unwrap();
    }
    let tables = ["auth_users", "auth_users_details", "auth_users_settings", "passwords"];
    let all = || -> Vec<String> {
        tables
            .into_iter()
            .flat_map(|table| dump(&conn, &format!("SELECT * FROM {table} ORDER BY 1, 2")))
            .collect()
    };
    let before = all();
    let file = home.ok("backup.create", json!({}))["file"].clone();
    conn.execute_batch("UPDATE auth_users SET auth_id = '', base_path = 'x', thumb = 'y'").unwrap();
    assert_ne!(all(), before);
    home.ok("backup.restore", json!({"file": file}));
    assert_eq!(all(), before);
}

#[test]
fn an_export_of_such_texts_creates_the_same_accounts_elsewhere() {
    let mut here = home();
    let kept = VALUES.iter().filter(|(_, kept)| *kept).map(|(value, _)| *value);
    for (number, value) in kept.enumerate() {
        let given = json!({"auth_id": value, "auth_issuer": value, "base_path": value,
            "upload_path": value, "attr": value, "display_name": value});
        bring(&mut here, Way::Add, (&format!("t-{number}"), &given)).unwrap();
    }
    let export =
        |home: &mut TestDaemon| home.ok("users.export", json!({"search": "t-"}))["items"].clone();
    let rows = export(&mut here);
    let lines: Vec<String> = rows.as_array().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 7);
    for mut there in [home(), TestDaemon::started()] {
        let begun = there.ok("users.import", json!({"text": lines.join("\n")}));
        let args = json!({"import": begun["import"], "run": true});
        assert_eq!(there.ok("users.import", args)["counts"]["added"], 7);
        assert_eq!(export(&mut there), rows);
    }
}
