//! A database of the first schema, as a daemon of version 0.1.0 left it: an upgrade must bring
//! every account, password, token and record over.

use std::path::Path;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

const OLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schema-1.db");

const PASSWORD: &str = "staple and paper clip";

/// Carol's app password.
const TOKEN: &str = "ULHGI2-gBqrhf-95wRi8-udtt10";

#[test]
fn a_database_of_the_first_schema_is_served_with_all_that_is_in_it() {
    let mut home = TestDaemon::new().with_database(Path::new(OLD));
    home.start();
    let status = home.ok("status", json!({}));
    let schema = status["database"]["schema"].as_u64().unwrap();
    // Before its tables are changed, the whole of it is copied.
    let backup = home.data().join("backups/schema-1.db");
    assert_eq!(backup.exists(), schema > 1, "{status}");

    let listed = home.ok("users.ls", json!({"deleted": true}));
    let names: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|user| &user["name"]).collect();
    assert_eq!(names, ["admin", "carol", "bob"]);
    let carol = home.ok("users.show", json!({"user": "carol"}))["user"].clone();
    assert_eq!((&carol["email"], &carol["webdav"]), (&json!("carol@example.com"), &json!(true)));
    home.ok("users.restore", json!({"user": "bob"}));

    let login =
        json!({"name": "carol", "password": PASSWORD, "client_ip": "192.0.2.8", "session": false});
    assert_eq!(home.ok("auth.login", login)["user"]["name"], "carol");
    let token = json!({"token": TOKEN, "scope": "webdav", "client_ip": "192.0.2.8"});
    assert_eq!(home.ok("auth.verify", token)["active"], true);
    let attempts = home.ok("logins.ls", json!({"failed": true}));
    assert_eq!(attempts["items"][0]["client_ip"], "192.0.2.7", "{attempts}");
    assert_eq!(home.ok("audit.verify", json!({}))["records"], 6);
    home.stop();
}
