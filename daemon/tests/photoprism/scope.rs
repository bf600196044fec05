//! The column `user_scope` of newer versions of PhotoPrism.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{altered, home, photoprism};

const COLUMN: &str =
    "ALTER TABLE auth_users ADD COLUMN user_scope VARCHAR(1024) NOT NULL DEFAULT '*';";

/// bob's app password of the fixture for WebDAV, and his web session.
const PHONE: &str = "X2PniU-C1fjAU-gWXAnY-0nUwZi";
const WEB: &str = "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87";

fn scope(home: &mut TestDaemon, token: &str) -> Value {
    home.ok("auth.verify", json!({"token": token}))["scope"].clone()
}

#[test]
fn it_limits_what_every_session_is_good_for_as_soon_as_it_is_committed() {
    let mut home = altered(COLUMN);
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["scope"], "*");
    assert_eq!((scope(&mut home, WEB), scope(&mut home, PHONE)), (json!("*"), json!("webdav")));
    let set = |home: &TestDaemon, scope: &str| {
        let update =
            format!("UPDATE auth_users SET user_scope = '{scope}' WHERE user_name = 'bob'");
        photoprism(home).execute_batch(&update).unwrap();
    };
    let login = json!({"name": "bob", "password": PHONE, "client_ip": "192.0.2.7",
        "session": false, "scope": "webdav"});

    set(&home, "photos webdav");
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["scope"], "photos webdav");
    let seen = (scope(&mut home, WEB), scope(&mut home, PHONE));
    assert_eq!(seen, (json!("photos webdav"), json!("webdav")));
    let wanted = json!({"token": WEB, "scope": "metrics"});
    assert_eq!(home.ok("auth.verify", wanted), json!({"active": false}));
    home.ok("auth.login", login.clone());

    set(&home, "photos");
    assert_eq!(scope(&mut home, WEB), "photos");
    assert_eq!(home.ok("auth.verify", json!({"token": PHONE})), json!({"active": false}));
    assert_eq!(home.call("auth.login", login)["error"]["code"], "invalid_credentials");
}

#[test]
fn an_older_photoprism_has_none() {
    let mut home = home();
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"].get("scope"), None);
    assert_eq!(scope(&mut home, WEB), "*");
}
