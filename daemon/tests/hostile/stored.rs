//! Texts on their way into the database.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// The fields of an account that take text.
const OF_ACCOUNTS: [&str; 6] =
    ["display_name", "email", "auth_id", "base_path", "upload_path", "attr"];

/// Of a login that another program checked.
const OF_LOGINS: [&str; 4] = ["name", "realm", "error", "user_agent"];

/// Of an app password.
const OF_SESSIONS: [&str; 2] = ["name", "scope"];

/// Sends one text in every field, each in a request of its own; how many were taken. What is not
/// is refused as an argument, or is there already without its blanks.
pub(crate) fn through_the_socket(client: &mut Client, number: usize, text: &str) -> usize {
    let mut taken = 0;
    let mut send = |cmd: &str, args: &Value| {
        let reply = client.call(cmd, args.clone());
        let code = reply["error"]["code"].as_str().unwrap_or("ok");
        assert!(["ok", "invalid_argument", "exists"].contains(&code), "{args}: {reply}");
        taken += usize::from(code == "ok");
    };
    send("users.add", &json!({"name": text, "role": "guest", "provider": "none"}));
    for field in OF_ACCOUNTS {
        let name = format!("u{number}{}", field.replace('_', ""));
        let mut args = json!({"name": name, "role": "guest", "provider": "oidc"});
        args[field] = json!(text);
        send("users.add", &args);
    }
    for field in OF_LOGINS {
        let mut args = json!({"client_ip": "192.0.2.1", "name": format!("l{number}"), "ok": false});
        args[field] = json!(text);
        send("logins.record", &args);
    }
    for field in OF_SESSIONS {
        let mut args = json!({"name": "app", "scope": "photos", "user": "admin"});
        args[field] = json!(text);
        send("auth.add", &args);
    }
    taken
}

/// What another program may have left in an account, whatever the rules say now.
const PLANTED: [&str; 6] =
    ["user_name", "display_name", "user_email", "auth_id", "base_path", "user_attr"];

/// Puts every text into every column of accounts of their own.
pub(crate) fn into_the_database(home: &mut TestDaemon, texts: &[String]) {
    home.offline(|database| {
        for (number, text) in texts.iter().enumerate() {
            plant(database, number, text);
        }
    });
}

fn plant(database: &Connection, number: usize, text: &str) {
    let uid = format!("us{number:014}");
    let insert = "INSERT INTO auth_users (user_uid, user_name, user_role) VALUES (?1, ?1, 'guest')";
    database.execute(insert, [&uid]).unwrap();
    for table in ["auth_users_details", "auth_users_settings"] {
        database.execute(&format!("INSERT INTO {table} (user_uid) VALUES (?1)"), [&uid]).unwrap();
    }
    for column in PLANTED {
        let update = format!("UPDATE auth_users SET {column} = ?2 WHERE user_uid = ?1");
        assert_eq!(database.execute(&update, [&uid, text]).unwrap(), 1);
    }
}
