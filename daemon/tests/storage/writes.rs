//! Accounts that are added, and whether they are there.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// The line that adds that account.
pub(crate) fn adding(name: &str) -> String {
    let args = json!({"name": name, "role": "guest", "provider": "none"});
    json!({"cmd": "users.add", "args": args}).to_string()
}

/// The code of an error, or `ok`.
pub(crate) fn code(reply: &Value) -> String {
    reply["error"]["code"].as_str().unwrap_or("ok").to_owned()
}

/// Those of `names` that the daemon does not know.
pub(crate) fn missing(home: &mut TestDaemon, names: &[String]) -> Vec<String> {
    let mut client = home.connect();
    let unknown = |name: &&String| client.call("users.show", json!({"user": name}))["ok"] != true;
    names.iter().filter(unknown).cloned().collect()
}
