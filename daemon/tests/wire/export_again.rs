//! What `users.export` writes comes back: export, import, export is the same text.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::users_import::{exported, imported};

const HASHES: [&str; 2] = [
    "$2b$04$jzuZbZ4Zx2HXxA8VuTNqXOAKI4rWGPRPQCqSg0kxnZlbXUfwCqLZy",
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaA",
];

const URL: &str = "otpauth://totp/PhotoPrism:x?algorithm=SHA1&digits=6&issuer=PhotoPrism&period=30\
                   &secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// What an account may have been turned into since it was created.
#[derive(Clone, Debug)]
struct Turned {
    provider: Option<&'static str>,
    method: Option<&'static str>,
    key_in_use: bool,
}

/// A row of a file, and what becomes of its account afterwards.
fn account() -> impl Strategy<Value = (Value, Turned)> {
    let text = |all: &'static [&'static str]| prop::sample::select(all);
    let texts = (
        text(&["", "Zoë \"Z\" B; c", "O'Neil, x=1", "-x"]),
        text(&["", "~", "users/a/b", "Fotos 2024/ä"]),
        text(&["", "a=b c", "\u{1f600}"]),
        text(&["never", "2031-05-06T07:08:09Z", "2020-01-01"]),
        text(&["user", "viewer", "guest", "admin"]),
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let secrets = (0..=HASHES.len(), any::<bool>(), any::<bool>());
    let provider = text(&["default", "local", "oidc", "ldap", "none"]);
    let turned = (
        prop::option::of(text(&["default", "local", "oidc", "ldap", "none"])),
        prop::option::of(text(&["", "2fa", "default"])),
        any::<bool>(),
    );
    (texts, flags, secrets, provider, turned).prop_map(
        |(texts, (login, webdav, email), (hash, key, recovery), provider, turned)| {
            let (display_name, path, attr, expires_at, role) = texts;
            let mut row = json!({"role": role, "display_name": display_name, "attr": attr,
                "base_path": path, "upload_path": path, "expires_at": expires_at,
                "provider": provider, "can_login": login, "webdav": webdav, "email": email});
            if let Some(hash) = HASHES.get(hash) {
                row["password_hash"] = json!(hash);
            }
            if key {
                row["totp_url"] = json!(URL);
            }
            if key && recovery {
                row["recovery_code"] = json!("0abc1def2ghi");
            }
            let (provider, method, key_in_use) = turned;
            (row, Turned { provider, method, key_in_use })
        },
    )
}

/// The rows as a file, and the statements that turn the accounts into something else.
fn written(accounts: &[(Value, Turned)]) -> (String, String) {
    let (mut text, mut statements) = (String::new(), String::new());
    for (number, (row, turned)) in accounts.iter().enumerate() {
        let name = format!("person{number}");
        let mut row = row.clone();
        row["email"] =
            json!(if row["email"] == true { format!("{name}@x.org") } else { String::new() });
        row["auth_id"] = json!(format!("subject{number}"));
        row["name"] = json!(name);
        writeln!(text, "{row}").unwrap();
        for (column, value) in [("auth_provider", turned.provider), ("auth_method", turned.method)]
        {
            if let Some(value) = value {
                let set = format!("SET {column} = '{value}' WHERE user_name = '{name}'");
                writeln!(statements, "UPDATE auth_users {set};").unwrap();
            }
        }
        if !turned.key_in_use {
            let whose = format!("(SELECT user_uid FROM auth_users WHERE user_name = '{name}')");
            writeln!(statements, "UPDATE passcodes SET activated_at = NULL WHERE uid = {whose};")
                .unwrap();
        }
    }
    (text, statements)
}

/// Without the first admin, which is there already wherever one imports.
fn others(export: &str) -> Vec<&str> {
    export.lines().filter(|line| !line.contains("\"name\":\"admin\"")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_was_exported_comes_back(accounts in prop::collection::vec(account(), 1..40)) {
        let (text, statements) = written(&accounts);
        let mut here = TestDaemon::started();
        let (counts, items) = imported(&mut here, &text, &json!({}));
        prop_assert_eq!(&counts["added"], &json!(accounts.len()), "{:?}", items);
        here.offline(|conn| conn.execute_batch(&statements).unwrap());
        for secrets in [false, true] {
            let first = exported(&mut here, json!({"secrets": secrets}));
            let mut there = TestDaemon::started();
            let (counts, items) = imported(&mut there, &first, &json!({}));
            prop_assert_eq!(&counts["refused"], &json!(0), "{:?}", items);
            let second = exported(&mut there, json!({"secrets": secrets}));
            prop_assert_eq!(others(&second), others(&first));
        }
    }
}

#[test]
fn a_hash_and_a_key_that_are_not_in_use_change_nothing_elsewhere() {
    let (mut here, mut there) = (TestDaemon::started(), TestDaemon::started());
    let row = json!({"name": "bob", "role": "user", "password": "correct horse", "totp_url": URL});
    imported(&mut here, &row.to_string(), &json!({}));
    here.ok("users.mod", json!({"user": "bob", "provider": "oidc", "auth_id": "subject"}));
    here.offline(|conn| conn.execute_batch("UPDATE auth_users SET auth_method = ''").unwrap());
    let text = exported(&mut here, json!({"secrets": true}));
    let (_, items) = imported(&mut there, &text, &json!({}));
    assert_eq!(items[1]["outcome"], "added", "{items:?}");
    assert_eq!(there.ok("users.show", json!({"user": "bob"}))["user"]["two_factor"], false);
    // The hash is that of the account again once its provider checks passwords.
    there.ok("users.mod", json!({"user": "bob", "provider": "local"}));
    let login = json!({"name": "bob", "password": "correct horse", "client_ip": "192.0.2.1"});
    there.ok("auth.login", login);
    // A password is refused as before.
    let row = json!({"name": "eve", "role": "user", "provider": "oidc", "auth_id": "another",
        "password": "correct horse"});
    let (_, items) = imported(&mut there, &row.to_string(), &json!({}));
    assert_eq!((&items[0]["outcome"], &items[0]["field"]), (&json!("refused"), &json!("password")));
}
