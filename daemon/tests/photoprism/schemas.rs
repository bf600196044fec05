//! Backups of PhotoPrism's accounts, whatever its tables are declared like: one that is created is
//! taken back, and gives every row again.

use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::rows::{file, plain, quoted, rebuild, rows, run, tail};
use crate::setup::{assert_sound, fixture, number, photoprism, untouchable};

/// Rows of every table, and values that are easily changed on the way: numbers in columns of
/// texts, texts that are not UTF-8, a NUL, bytes, what is left by no user.
const ROWS: &str = "
    INSERT INTO auth_clients (client_uid, user_uid, user_name, client_name) VALUES
      ('cs000000000000u1', (SELECT user_uid FROM auth_users WHERE user_name = 'bob'), 'bob', 'Bob''s'),
      ('cs000000000000s1', '', '', 'Nobody''s'), ('cs000000000000s2', NULL, NULL, NULL);
    INSERT INTO passwords (uid, hash) VALUES ('cs000000000000u1', 'secret of a user''s client'),
      ('cs000000000000s1', 'secret of nobody''s client');
    INSERT INTO auth_users_shares (user_uid, share_uid, comment, perm)
      SELECT user_uid, 'as1', 'to the beach', 7 FROM auth_users WHERE user_name = 'bob';
    UPDATE auth_users SET base_path = '007', upload_path = '1e400', user_attr = x'00ff',
      invite_token = '123456789012345678901', display_name = 'a' || char(0) || 'b'
      WHERE user_name = 'bob';
    UPDATE auth_sessions SET user_agent = CAST(x'4dfcff' AS TEXT), data_json = x'7b7d', login_ip = 1.5
      WHERE rowid = (SELECT max(rowid) FROM auth_sessions);";

/// What its tables may be declared like.
type Alter = fn(&Database);

const SHAPES: [(&str, Alter); 26] = [
    ("as they are", |_| {}),
    ("a partial index", |c| {
        run(c, "CREATE UNIQUE INDEX q ON auth_users (user_email) WHERE user_email <> ''");
    }),
    ("indexes over expressions", |c| {
        run(
            c,
            "CREATE UNIQUE INDEX q ON auth_users (lower(user_uid), length(user_name));
             CREATE INDEX r ON auth_sessions (id || user_uid) WHERE client_uid <> ''",
        );
    }),
    ("a virtual column", |c| {
        run(c, "ALTER TABLE auth_users ADD COLUMN name_key AS (lower(user_name)) VIRTUAL");
    }),
    ("stored columns", |c| {
        let more = |name: &str, declared: &str| match name {
            "user_uid" => {
                "\"first\" AS (substr(user_uid, 1, 1)) STORED, user_uid VARBINARY(42)".into()
            }
            _ => plain(name, declared),
        };
        rebuild(c, "auth_users_details", more, ", PRIMARY KEY (user_uid))");
    }),
    ("conditions", |c| {
        tail(c, "auth_users", "CHECK (user_uid <> 'x'), CONSTRAINT named CHECK (id <> 0)");
        tail(c, "passwords", "CHECK (length(hash) < 9999)");
    }),
    ("foreign keys", |c| references(c, "")),
    ("foreign keys that cascade", |c| references(c, "ON DELETE CASCADE ON UPDATE CASCADE")),
    ("foreign keys that restrict", |c| references(c, "ON DELETE RESTRICT")),
    ("foreign keys that are deferred", |c| references(c, "DEFERRABLE INITIALLY DEFERRED")),
    ("foreign keys everywhere", |c| {
        references(c, "ON DELETE RESTRICT");
        for (table, key) in [("auth_users_shares", "user_uid"), ("passcodes", "uid")] {
            tail(c, table, &foreign_key(key, "ON DELETE RESTRICT"));
        }
        run(c, "UPDATE auth_clients SET user_uid = NULL WHERE user_uid = ''");
        tail(c, "auth_clients", &foreign_key("user_uid", "ON DELETE SET NULL"));
        tail(c, "auth_users", &foreign_key("invited_by", "ON DELETE RESTRICT"));
        run(
            c,
            "UPDATE auth_users SET invited_by = NULL;
             UPDATE auth_users SET invited_by = (SELECT user_uid FROM auth_users WHERE id = 1)
               WHERE user_name = 'bob'",
        );
    }),
    ("a foreign key without its index", |c| {
        references(c, "");
        run(c, "DROP INDEX uix_auth_users_user_uid");
    }),
    ("foreign keys to tables that are not there", |c| {
        tail(c, "auth_users_details", "FOREIGN KEY (subj_uid) REFERENCES gone (subj_uid)");
    }),
    ("rows that already break a foreign key", |c| {
        references(c, "ON DELETE CASCADE");
        run(
            c,
            "PRAGMA foreign_keys = 0; INSERT INTO auth_users_settings (user_uid) VALUES ('ugone')",
        );
    }),
    ("triggers", |c| {
        run(
            c,
            "CREATE TRIGGER more AFTER INSERT ON auth_users BEGIN
               INSERT OR IGNORE INTO auth_users_details (user_uid) VALUES (new.user_uid); END;
             CREATE TRIGGER less AFTER DELETE ON auth_users BEGIN
               DELETE FROM albums; DELETE FROM passwords; END;
             CREATE TRIGGER other AFTER INSERT ON auth_sessions BEGIN
               UPDATE auth_users SET login_at = NULL; END;
             CREATE TRIGGER never BEFORE DELETE ON auth_sessions BEGIN
               SELECT RAISE(ABORT, 'sessions stay'); END",
        );
    }),
    ("tables without row numbers", |c| {
        for (table, key) in [
            ("passwords", "uid"),
            ("passcodes", "uid, key_type"),
            ("auth_sessions", "id"),
            ("auth_users_details", "user_uid"),
            ("auth_clients", "client_uid"),
        ] {
            rebuild(c, table, plain, &format!(", PRIMARY KEY ({key})) WITHOUT ROWID"));
        }
    }),
    ("strict tables", |c| {
        for (table, key) in [
            ("auth_users", ", PRIMARY KEY (id)"),
            ("passwords", ", PRIMARY KEY (uid)"),
            ("auth_sessions", ", PRIMARY KEY (id)"),
            ("auth_users_settings", ""),
        ] {
            let any = |name: &str, declared: &str| match declared {
                "integer" => format!("{} INTEGER", quoted(name)),
                _ => format!("{} ANY", quoted(name)),
            };
            rebuild(c, table, any, &format!("{key}) STRICT"));
        }
    }),
    ("strict tables of texts", |c| {
        let typed = |name: &str, declared: &str| match declared.to_ascii_lowercase().as_str() {
            "bigint" | "integer" | "bool" => format!("{} INTEGER", quoted(name)),
            _ => format!("{} TEXT", quoted(name)),
        };
        run(c, "DELETE FROM auth_users_settings WHERE user_uid IS NULL");
        for (table, key) in
            [("auth_users_settings", "user_uid"), ("auth_users_shares", "user_uid, share_uid")]
        {
            rebuild(c, table, typed, &format!(", PRIMARY KEY ({key})) STRICT"));
        }
    }),
    ("collations", |c| {
        let typed =
            |name: &str, declared: &str| format!("{} {declared} COLLATE NOCASE", quoted(name));
        for (table, key) in [("auth_users_details", "user_uid"), ("passwords", "uid")] {
            rebuild(c, table, typed, &format!(", PRIMARY KEY ({key}))"));
        }
        run(c, "CREATE INDEX q ON auth_users (user_uid COLLATE NOCASE DESC)");
    }),
    ("views", |c| {
        run(
            c,
            "CREATE VIEW people AS SELECT user_uid, hash FROM auth_users JOIN passwords ON uid = user_uid;
             CREATE VIEW broken AS SELECT x FROM nowhere",
        );
    }),
    ("more columns", |c| {
        run(
            c,
            "ALTER TABLE auth_users ADD COLUMN user_scope VARCHAR(1024) NOT NULL DEFAULT '*';
             ALTER TABLE auth_users ADD COLUMN shoe_size REAL;
             ALTER TABLE auth_users ADD COLUMN tenant INTEGER DEFAULT 7;
             ALTER TABLE auth_clients ADD COLUMN secret BLOB;
             UPDATE auth_users SET shoe_size = 42.5 WHERE user_name = 'bob';
             UPDATE auth_clients SET secret = x'00ff';
             ALTER TABLE passwords ADD COLUMN pepper DATETIME DEFAULT '2026-01-01'",
        );
    }),
    ("columns with odd names, types and defaults", |c| {
        run(
            c,
            r#"ALTER TABLE auth_users ADD COLUMN "check" TEXT DEFAULT 'check (1)';
               ALTER TABLE auth_users ADD COLUMN "select ""x"", 'y' -- " DEFAULT -1;
               ALTER TABLE passcodes ADD COLUMN "" TEXT DEFAULT 'nameless';
               ALTER TABLE passwords ADD COLUMN "check(1)" "a type of its own" DEFAULT 0;
               ALTER TABLE passcodes ADD COLUMN "größe / " FLOATING POINT DEFAULT 0.5"#,
        );
    }),
    ("columns that are called like row numbers", |c| {
        let more = |names: &'static str| {
            move |name: &str, declared: &str| match name {
                "created_at" => format!("{names}, created_at {declared}"),
                _ => plain(name, declared),
            }
        };
        let all = "\"oid\" INT DEFAULT 7, \"RowID\" INT DEFAULT -1, _rowid_ TEXT DEFAULT 'x'";
        rebuild(c, "auth_sessions", more(all), ", PRIMARY KEY (id))");
        rebuild(
            c,
            "auth_clients",
            more("rowid TEXT DEFAULT 'none'"),
            ", PRIMARY KEY (client_uid))",
        );
        rebuild(c, "auth_users", more("\"ROWID\" AS (7)"), ", PRIMARY KEY (id))");
    }),
    ("fewer columns", |c| {
        run(
            c,
            "DROP INDEX idx_auth_users_thumb; ALTER TABLE auth_users DROP COLUMN thumb;
             ALTER TABLE auth_users DROP COLUMN user_attr;
             ALTER TABLE auth_users_details DROP COLUMN user_bio;
             ALTER TABLE auth_clients DROP COLUMN client_url; DROP TABLE auth_users_shares",
        );
    }),
    ("clients of no users", |c| {
        run(
            c,
            "DROP INDEX idx_auth_clients_user_uid; ALTER TABLE auth_clients DROP COLUMN user_uid",
        );
    }),
    ("a view in the place of a table", |c| {
        run(
            c,
            "DROP TABLE auth_users_shares;
             CREATE VIEW auth_users_shares AS SELECT user_uid, 'as1' AS share_uid FROM auth_users",
        );
    }),
];

fn foreign_key(column: &str, action: &str) -> String {
    format!("FOREIGN KEY ({column}) REFERENCES auth_users (user_uid) {action}")
}

/// From details and settings to their account.
fn references(conn: &Database, action: &str) {
    for table in ["auth_users_details", "auth_users_settings"] {
        tail(conn, table, &foreign_key("user_uid", action));
    }
}

/// A daemon on a copy of the fixture with more rows and other tables.
fn shaped(alter: Alter) -> TestDaemon {
    let home = TestDaemon::new().with_database(fixture());
    let conn = home.open_database();
    run(&conn, ROWS);
    alter(&conn);
    drop(conn);
    let mut home = home;
    home.start();
    home
}

fn assert_same(now: &[String], before: &[String], when: &str) {
    for (one, other) in now.iter().zip(before) {
        assert_eq!(one, other, "{when}");
    }
    assert_eq!(now.len(), before.len(), "{when}");
}

fn done(home: &mut TestDaemon, (cmd, args): (&str, Value), name: &str) -> Value {
    let reply = home.confirmed(cmd, args);
    assert_eq!(reply["ok"], true, "{name}: {cmd}: {reply}");
    reply["result"].clone()
}

fn verified(home: &mut TestDaemon, file: &str, name: &str) {
    let found = done(home, ("backup.verify", json!({"file": file})), name);
    assert_eq!(
        (&found["ok"], &found["backups"][0]["database"]),
        (&json!(true), &json!("photoprism")),
        "{name}: {found}"
    );
}

fn restored(home: &mut TestDaemon, file: &str, name: &str) -> Value {
    let args = json!({"file": file, "with_sessions": true});
    let mut dry = args.clone();
    dry["dry_run"] = true.into();
    let plan = done(home, ("backup.restore", dry), name);
    let result = done(home, ("backup.restore", args), name);
    for key in ["added", "changed", "removed", "unchanged", "sessions_restored"] {
        assert_eq!(plan[key], result[key], "{name}: {key}");
    }
    result
}

/// Creates a backup, checks it, destroys accounts and restores them.
fn there_and_back(name: &str, alter: Alter) {
    let mut home = shaped(alter);
    let conn = photoprism(&home);
    // The daemon's tables come with the first write.
    home.ok("logins.record", json!({"client_ip": "192.0.2.9", "name": "eve", "ok": false}));
    let (before, others) = (rows(&conn), untouchable(&conn));
    let created = file(&done(&mut home, ("backup.create", json!({})), name));
    verified(&mut home, &created, name);

    let reset = file(&done(&mut home, ("users.reset", json!({})), name));
    verified(&mut home, &reset, name);
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_users"), 3, "{name}");
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_sessions"), 0, "{name}");
    let secrets = "SELECT group_concat(uid) FROM passwords WHERE uid GLOB 'c*'";
    let secrets: String = conn.query_row(secrets, [], |row| row.get(0)).unwrap();
    let of_users = number(
        &conn,
        "SELECT count(*) FROM pragma_table_info('auth_clients') WHERE name = 'user_uid'",
    );
    if of_users > 0 {
        assert_eq!(secrets, "cs000000000000s1", "{name}");
        let left = "SELECT count(*) FROM auth_clients WHERE client_uid GLOB '*s[12]'";
        assert_eq!(number(&conn, left), 2, "{name}");
        assert_eq!(number(&conn, "SELECT count(*) FROM auth_clients"), 2, "{name}");
    }
    let counts = restored(&mut home, &reset, name);
    assert_eq!(
        (&counts["added"], &counts["sessions_restored"]),
        (&json!(11), &json!(14)),
        "{name}"
    );
    assert_same(&rows(&conn), &before, name);

    let ended = file(&done(&mut home, ("auth.reset", json!({})), name));
    verified(&mut home, &ended, name);
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_sessions"), 0, "{name}");
    assert_eq!(restored(&mut home, &created, name)["unchanged"], 11, "{name}");
    assert_same(&rows(&conn), &before, name);
    assert_same(&untouchable(&conn), &others, name);
    assert_sound(&conn);
}

#[test]
fn every_shape_goes_there_and_back() {
    for (name, alter) in SHAPES {
        there_and_back(name, alter);
    }
}

/// What somebody may have added to a database of the daemon's own.
const OWN: [(&str, Alter); 6] = [
    ("as it is", |_| {}),
    ("indexes", |c| {
        run(
            c,
            "CREATE UNIQUE INDEX q ON auth_users (user_email) WHERE user_email <> '';
             CREATE INDEX r ON passwords (lower(hash))",
        );
    }),
    ("computed columns and conditions", |c| {
        run(c, "ALTER TABLE auth_users ADD COLUMN name_key AS (lower(user_name))");
        tail(c, "passwords", "CHECK (length(hash) < 9999)");
    }),
    ("foreign keys", |c| {
        references(c, "ON DELETE RESTRICT");
        tail(c, "auth_users_shares", &foreign_key("user_uid", ""));
    }),
    ("triggers and views", |c| {
        run(
            c,
            "CREATE TRIGGER t AFTER DELETE ON auth_users BEGIN DELETE FROM passwords; END;
             CREATE VIEW v AS SELECT * FROM auth_users",
        );
    }),
    ("tables without row numbers", |c| {
        rebuild(c, "passwords", plain, ", PRIMARY KEY (uid)) WITHOUT ROWID");
        rebuild(c, "auth_sessions", plain, ", PRIMARY KEY (id)) WITHOUT ROWID");
    }),
];

/// The same for one of the daemon's own, whose file nobody else may read while it runs.
fn own_there_and_back(name: &str, alter: Alter) {
    let mut home = TestDaemon::started();
    for user in ["bob", "alice"] {
        home.ok("users.add", json!({"name": user, "role": "user", "password": "mysecret"}));
    }
    home.ok("auth.add", json!({"name": "Sync", "scope": "webdav", "user": "bob"}));
    let before = home.offline(|conn| {
        run(
            conn,
            "UPDATE auth_users SET display_name = CAST(x'4dfcff' AS TEXT), base_path = '007',
               user_attr = x'00ff' WHERE user_name = 'bob';
             INSERT INTO auth_users_shares (user_uid, share_uid)
               SELECT user_uid, 'as1' FROM auth_users WHERE user_name = 'bob'",
        );
        alter(conn);
        rows(conn)
    });
    let created = file(&done(&mut home, ("backup.create", json!({})), name));
    let reset = file(&done(&mut home, ("users.reset", json!({})), name));
    done(&mut home, ("auth.reset", json!({})), name);
    for file in [&reset, &created] {
        let found = done(&mut home, ("backup.verify", json!({"file": file})), name);
        assert_eq!(found["ok"], true, "{name}: {found}");
        restored(&mut home, file, name);
        assert_same(&home.offline(|conn| rows(conn)), &before, name);
    }
}

#[test]
fn every_own_database_goes_there_and_back() {
    for (name, alter) in OWN {
        own_there_and_back(name, alter);
    }
}
