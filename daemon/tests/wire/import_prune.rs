//! `users.import` with `prune`: what it refuses, and the backup that comes before.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::users_import::{names, sent};

fn with_accounts() -> TestDaemon {
    let mut home = TestDaemon::started();
    for name in ["bob", "eve", "zoe"] {
        home.ok("users.add", json!({"name": name, "role": "user", "password": "correct horse"}));
    }
    home
}

/// The whole reply to a text that is carried out with `prune`, and with what `more` says.
fn pruned(home: &mut TestDaemon, text: &str, more: &Value) -> Value {
    let id = sent(home, text);
    let mut args = json!({"import": id, "run": true, "prune": true});
    for (key, value) in more.as_object().unwrap() {
        args[key] = value.clone();
    }
    home.confirmed("users.import", args)
}

fn backups(home: &TestDaemon) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home.data().join("backups")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn names_in(backup: &Path) -> Vec<String> {
    let backup = Connection::open(backup).unwrap();
    let mut rows = backup
        .prepare("SELECT user_name FROM auth_users WHERE id > 0 AND deleted_at IS NULL ORDER BY id")
        .unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_text_that_names_nobody_deletes_nobody() {
    let mut home = with_accounts();
    let trail = home.ok("audit.ls", json!({}));
    for text in [
        "",
        "\u{feff}",
        "\n \t\r\n",
        "name;role\n",
        "name;role",
        "\u{feff}name\r\n",
        "name;role\n\n\n",
        "# accounts of the family\n",
        "# a\n# b\n\n",
        "account = []\n",
    ] {
        for more in [
            json!({}),
            json!({"update": true}),
            json!({"dry_run": true}),
            json!({"dry_run": true, "update": true}),
        ] {
            let reply = pruned(&mut home, text, &more);
            assert_eq!(reply["ok"], false, "{text:?} {more}: {reply}");
            let error = &reply["error"];
            assert_eq!(
                (&error["code"], &error["field"]),
                (&json!("invalid_argument"), &json!("prune"))
            );
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("there is no account in what was given"), "{message}");
            assert!(message.contains("or leave prune out"), "{message}");
        }
        // Without it an empty text does what it says: nothing.
        let id = sent(&mut home, text);
        let done = home.ok("users.import", json!({"import": id, "run": true}));
        assert_eq!((&done["rows"], &done["done"]), (&json!(0), &json!(true)));
    }
    assert_eq!(names(&home), ["admin", "bob", "eve", "zoe"]);
    assert!(backups(&home).is_empty());
    // Such an import is forgotten: there is room for others.
    for _ in 0..2 {
        home.ok("users.import", json!({"text": "x"}));
    }
    let last = home.ok("audit.ls", json!({}));
    let commands: Vec<&Value> =
        last["items"].as_array().unwrap().iter().map(|record| &record["command"]).collect();
    let before = trail["items"].as_array().unwrap().len();
    assert_eq!(commands.len(), before + 10, "the ten without prune alone: {last}");
}

#[test]
fn a_database_without_accounts_deletes_nobody() {
    let mut home = with_accounts();
    let other = home.root().join("photoprism");
    fs::create_dir(&other).unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/index.db");
    let index = other.join("index.db");
    fs::copy(fixture, &index).unwrap();
    Connection::open(&index).unwrap().execute("DELETE FROM auth_users", []).unwrap();
    let begun = home.ok("users.import", json!({"database": index.to_str().unwrap()}));
    let run = json!({"import": begun["import"], "run": true, "prune": true});
    assert_eq!(home.fault("users.import", run), ("invalid_argument".into(), "prune".into()));
    assert_eq!(names(&home), ["admin", "bob", "eve", "zoe"]);
}

#[test]
fn a_backup_of_what_was_there_before_comes_first() {
    let mut home = with_accounts();
    let text = "name;role;email\nbob;guest;bob@example.com\nnew;guest;\n";
    let tried = pruned(&mut home, text, &json!({"dry_run": true, "update": true}));
    assert_eq!(tried["result"]["counts"]["pruned"], 2, "{tried}");
    assert_eq!(tried["result"].get("backup"), None, "{tried}");
    assert!(backups(&home).is_empty());

    let reply = pruned(&mut home, text, &json!({"update": true}));
    let backup = PathBuf::from(reply["result"]["backup"].as_str().unwrap());
    assert!(backup.is_absolute(), "{reply}");
    let file = backup.file_name().unwrap().to_str().unwrap();
    assert!(file.starts_with("auto-20") && file.ends_with("-users-prune.db"), "{file}");
    assert_eq!(backups(&home), std::slice::from_ref(&backup));
    assert_eq!(names_in(&backup), ["admin", "bob", "eve", "zoe"]);
    let role: String = Connection::open(&backup)
        .unwrap()
        .query_row("SELECT user_role FROM auth_users WHERE user_name = 'bob'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(role, "user", "before the rows, too");
    assert_eq!(names(&home), ["admin", "bob", "new"]);
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);

    // It undoes all of it.
    home.ok("backup.restore", json!({"file": file}));
    assert_eq!(names(&home), ["admin", "bob", "eve", "zoe"]);
    let eve = json!({"name": "eve", "password": "correct horse", "client_ip": "192.0.2.1",
        "session": false});
    home.ok("auth.login", eve);
}

#[test]
fn where_nobody_is_deleted_there_is_no_backup() {
    let mut home = with_accounts();
    let all = "name;role\nbob;user\neve;user\nzoe;user\n";
    for (text, refused) in [
        (all.to_owned(), 0),
        // Rows that are refused: by their form, for another account's sake, twice the same.
        ("name;role\nbob;user\ne e;user\n".into(), 1),
        ("name;role;email\nbob;user;x@example.com\nbo;guest;x@example.com\n".into(), 1),
        ("name;role\nbob;user\nBOB;user\n".into(), 1),
        ("name;role\nvisitor;user\n".into(), 1),
        ("name;role\n;user\n".into(), 1),
        ("{\"name\":\"bob\"}\n{\"name\":\"ev".into(), 1),
        ("{\"name\":\"e e\"}\n{\"nam".into(), 2),
    ] {
        for dry_run in [true, false] {
            let reply = pruned(&mut home, &text, &json!({"update": true, "dry_run": dry_run}));
            let counts = &reply["result"]["counts"];
            assert_eq!(counts["refused"], refused, "{text}: {reply}");
            assert_eq!((&counts["pruned"], counts["added"] == 1), (&json!(0), false), "{reply}");
            assert_eq!(reply["result"].get("backup"), None, "{reply}");
            let warned = reply["warnings"].to_string();
            assert_eq!(
                warned.contains("no account is deleted while rows are refused"),
                refused > 0
            );
        }
    }
    assert_eq!(names(&home), ["admin", "bob", "eve", "zoe"]);
    assert!(backups(&home).is_empty());
}

#[test]
fn a_text_that_was_cut_deletes_nobody() {
    let mut home = with_accounts();
    let whole = [
        "name;role;display_name\nbob;user;Bob\neve;user;Eve\nzoe;user;Zoe\n",
        "[[account]]\nname = 'bob'\nrole = 'user'\n[[account]]\nname = 'eve'\nrole = 'user'\n",
        "{\"name\":\"bob\",\"role\":\"user\"}\n{\"name\":\"eve\",\"role\":\"user\"}\n",
    ];
    for text in whole {
        for (end, _) in text.match_indices('\n') {
            // In the midst of each line.
            let cut = &text[..end.saturating_sub(3)];
            let reply = pruned(&mut home, cut, &json!({"update": true, "dry_run": true}));
            let refused = reply["ok"] == false || reply["result"]["counts"]["refused"] != 0;
            let no_items = Vec::new();
            let items = reply["result"]["items"].as_array().unwrap_or(&no_items);
            let gone = items.iter().filter(|item| item["outcome"] == "pruned");
            let line = text[..end].rsplit('\n').next().unwrap();
            for item in gone {
                let name = item["name"].as_str().unwrap();
                assert!(!refused && !line.contains(name), "{cut:?}: {reply}");
            }
        }
    }
}

#[test]
fn a_name_that_may_be_the_beginning_of_another_deletes_nobody() {
    let mut home = with_accounts();
    let cut = "role;name\nuser;bob\nuser;eve\nuser;zo";
    let reply = pruned(&mut home, cut, &json!({"update": true}));
    let last = reply["result"]["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["outcome"], &last["field"]), (&json!("refused"), &json!("name")), "{reply}");
    assert!(last["message"].as_str().unwrap().contains("may have been cut"), "{last}");
    assert_eq!(names(&home), ["admin", "bob", "eve", "zoe"]);
    // A name that is there is whole; and without `prune` nobody is in danger.
    let reply = pruned(&mut home, &format!("{cut}e"), &json!({"update": true}));
    assert_eq!((&reply["result"]["counts"]["refused"], &reply["ok"]), (&json!(0), &json!(true)));
    let id = sent(&mut home, cut);
    let done = home.ok("users.import", json!({"import": id, "run": true}));
    assert_eq!(done["counts"]["added"], 1, "{done}");
    let reply = pruned(&mut home, "role;name\nuser;bob\nuser;new\n", &json!({}));
    assert_eq!(reply["result"]["counts"]["pruned"], 3, "{reply}");
    assert_eq!(names(&home), ["admin", "bob", "new"]);
}

#[test]
fn the_first_admin_alone_may_be_named() {
    let mut home = with_accounts();
    let reply = pruned(&mut home, "name\nadmin\n", &json!({}));
    assert_eq!(reply["result"]["counts"]["pruned"], 3, "{reply}");
    let backup = PathBuf::from(reply["result"]["backup"].as_str().unwrap());
    assert_eq!(names_in(&backup), ["admin", "bob", "eve", "zoe"]);
    assert_eq!(names(&home), ["admin"]);
}

#[test]
fn the_last_super_admin_who_may_log_in_stays() {
    let mut home = with_accounts();
    for name in ["ann", "cleo"] {
        let given = json!({"name": name, "role": "admin", "super_admin": true,
            "password": "correct horse"});
        home.ok("users.add", given);
    }
    home.ok("users.mod", json!({"user": "admin", "super_admin": false}));
    let reply = pruned(&mut home, "name\nbob\n", &json!({}));
    let items = reply["result"]["items"].as_array().unwrap();
    let outcomes: Vec<_> = items
        .iter()
        .map(|item| (item["name"].as_str().unwrap(), item["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("bob", "unchanged"),
            ("eve", "pruned"),
            ("zoe", "pruned"),
            ("ann", "pruned"),
            ("cleo", "refused"),
        ],
        "{reply}"
    );
    assert_eq!(names(&home), ["admin", "bob", "cleo"]);
    let login = json!({"name": "cleo", "password": "correct horse", "client_ip": "192.0.2.1"});
    home.ok("auth.login", login);
}

#[test]
fn without_a_backup_nothing_happens() {
    let mut home = with_accounts();
    // In the place of the directory: even root cannot create one there.
    fs::write(home.data().join("backups"), "in the way").unwrap();
    let before = (home.ok("audit.verify", json!({})), names(&home));
    let text = "name;role\nbob;guest\nnew;guest\n";
    let reply = pruned(&mut home, text, &json!({"update": true}));
    assert_eq!(reply["ok"], false, "{reply}");
    assert_eq!((home.ok("audit.verify", json!({})), names(&home)), before);
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["role"], "user");
    fs::remove_file(home.data().join("backups")).unwrap();
    let reply = pruned(&mut home, text, &json!({"update": true}));
    assert_eq!(reply["ok"], true, "{reply}");
    assert_eq!(names(&home), ["admin", "bob", "new"]);
}

#[test]
fn the_newest_ten_are_kept_and_a_replay_names_the_first() {
    let mut home = TestDaemon::started();
    let mut created = Vec::new();
    for n in 0..12 {
        home.ok("users.add", json!({"name": format!("u{n}"), "role": "user", "provider": "none"}));
        let id = sent(&mut home, "name\nadmin\n");
        let args = json!({"import": id, "run": true, "prune": true});
        let line = json!({"cmd": "users.import", "args": args, "confirm": true,
            "key": format!("prune-key-{n}")});
        let reply = home.ask(&line.to_string());
        let again = home.ask(&line.to_string());
        assert_eq!(reply["result"]["backup"], again["result"]["backup"], "{again}");
        assert_eq!(again["result"]["replayed"], true);
        created.push(PathBuf::from(reply["result"]["backup"].as_str().unwrap()));
    }
    let mut kept = created.split_off(2);
    kept.sort();
    assert_eq!(backups(&home), kept);
}

#[test]
fn accounts_that_a_file_names_otherwise_or_cannot_name_stay() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/index.db");
    let mut home = TestDaemon::new().with_database(&fixture);
    let database = home.open_database();
    let insert = |uid: &str, name: &str| {
        database
            .execute(
                "INSERT INTO auth_users (user_uid, user_name, user_role, auth_provider, can_login,
                   created_at, updated_at) VALUES (?1, ?2, 'guest', 'none', 1,
                   '2026-11-24 08:00:00+00:00', '2026-11-24 08:00:00+00:00')",
                [uid, name],
            )
            .unwrap();
    };
    insert("usxyz0abc1defgh5", "Upper");
    insert("usxyz0abc1defgh6", "όδοσ");
    insert("usxyz0abc1defgh7", "two words");
    insert("usxyz0abc1defgh8", "");
    insert("usxyz0abc1defgh9", "plain");
    drop(database);
    home.start();
    let text = "name;role\nUPPER;guest\nΌΔΟΣ;guest\n";
    let reply = pruned(&mut home, text, &json!({"update": true, "dry_run": true}));
    let items = reply["result"]["items"].as_array().unwrap();
    let gone: Vec<&str> = items
        .iter()
        .filter(|item| item["outcome"] == "pruned")
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert!(gone.contains(&"plain"), "{reply}");
    for name in ["Upper", "όδοσ", "two words", ""] {
        assert!(!gone.contains(&name), "{name}: {reply}");
    }
    let warned = reply["warnings"].to_string();
    assert!(warned.contains("names that no file can have stay as they are"), "{warned}");
    for uid in ["usxyz0abc1defgh7", "usxyz0abc1defgh8"] {
        assert!(warned.contains(uid), "{warned}");
    }
    assert!(!warned.contains("usxyz0abc1defgh5"), "{warned}");
}
