//! A directory with the file and the secrets that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// App passwords of a real PhotoPrism.
pub(crate) const PHONE: &str = "HY8fxO-8hvNqB-43UV4q-1AZ0vu";
pub(crate) const TABLET: &str = "kgMjhk-3rsJtX-rEamyg-aWDYtO";

/// An access token.
pub(crate) const PROBE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

/// The first admin, bob with an app password, and an access token.
pub(crate) const STACK: &str = "\
[[account]]
name = \"admin\"
password_file = \"secrets/admin\"

[[account]]
name = \"bob\"
role = \"user\"
password_file = \"secrets/bob\"

[[app_password]]
user = \"bob\"
name = \"phone\"
scope = \"webdav\"
secret_file = \"secrets/phone\"

[[access_token]]
name = \"probe\"
scope = \"metrics\"
secret_file = \"secrets/probe\"
expires_at = 2037-01-01
";

/// The secrets of [`STACK`].
pub(crate) const SECRETS: [(&str, &str); 4] = [
    ("admin", "the admin's secret\n"),
    ("bob", "the secret of bob\n"),
    ("phone", "HY8fxO-8hvNqB-43UV4q-1AZ0vu\n"),
    ("probe", PROBE),
];

/// The end of each time that the file was applied.
pub(crate) const APPLIED: &str = "the declared accounts were applied";

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The file with that text and the secrets of [`STACK`], in a directory of the daemon's.
pub(crate) fn declare(home: &TestDaemon, text: &str) -> PathBuf {
    let file = home.root().join("declared/accounts.toml");
    write(&file, text);
    for (name, secret) in SECRETS {
        write(&secret_file(home, name), secret);
    }
    file
}

pub(crate) fn secret_file(home: &TestDaemon, name: &str) -> PathBuf {
    home.root().join("declared/secrets").join(name)
}

/// A daemon that has that text as its `--accounts`.
pub(crate) fn with(home: TestDaemon, text: &str) -> TestDaemon {
    let file = declare(&home, text);
    home.args(["--accounts", file.to_str().unwrap()])
}

/// Whether a login without a session succeeds.
pub(crate) fn logs_in(home: &mut TestDaemon, name: &str, password: &str) -> bool {
    let args = json!({
        "name": name, "password": password, "client_ip": "192.0.2.1", "session": false,
        "scope": "webdav",
    });
    let reply = home.call("auth.login", args);
    assert!(reply["ok"] == true || reply["error"]["code"] == "invalid_credentials", "{reply}");
    reply["ok"] == true
}

/// What introspection says of a token.
pub(crate) fn verify(home: &mut TestDaemon, token: &str) -> Value {
    home.ok("auth.verify", json!({"token": token}))
}

/// The bytes of every file in the directory of the database, save the lock's process.
pub(crate) fn data(home: &TestDaemon) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.is_file() && path.extension() != Some("lock".as_ref()));
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The commands of the audit trail, the oldest first; each was the daemon's own.
pub(crate) fn trail(home: &mut TestDaemon) -> Vec<String> {
    let items = home.ok("audit.ls", json!({}))["items"].as_array().unwrap().clone();
    let own = nix::unistd::geteuid().as_raw();
    for item in &items {
        assert_eq!((&item["socket"], &item["uid"]), (&json!(null), &json!(own)), "{item}");
    }
    items.iter().rev().map(|item| item["command"].as_str().unwrap().to_owned()).collect()
}

/// Neither a password nor a token is in the text.
pub(crate) fn assert_no_secret(text: &str) {
    for (_, secret) in SECRETS {
        assert!(!text.contains(secret.trim_end()), "{text}");
    }
}
