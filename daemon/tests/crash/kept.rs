//! What a database that was left behind must hold.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::writers::Known;

fn texts(database: &Connection, statement: &str) -> Vec<String> {
    let mut statement = database.prepare(statement).unwrap();
    let texts = statement.query_map([], |row| row.get(0)).unwrap();
    texts.collect::<Result<_, _>>().unwrap()
}

/// All that is wrong with it; `prefix` begins the names that the writers gave.
pub(crate) fn faults(database: &Connection, known: &Known, prefix: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let verdict = texts(database, "PRAGMA integrity_check");
    if verdict != ["ok"] {
        faults.push(format!("damaged: {verdict:?}"));
    }
    let of_writers = |statement: &str| texts(database, &statement.replace("PREFIX", prefix));
    let accounts = of_writers("SELECT user_name FROM auth_users WHERE user_name GLOB 'PREFIX-*'");
    let whole = of_writers(
        "SELECT user_name FROM auth_users JOIN auth_users_details USING (user_uid)
         JOIN auth_users_settings USING (user_uid) WHERE user_name GLOB 'PREFIX-*'",
    );
    let recorded = of_writers(
        "SELECT u.user_name FROM admin_audit a JOIN auth_users u ON u.user_uid = a.target
         WHERE a.command = 'users.add' AND u.user_name GLOB 'PREFIX-*'",
    );
    let keyed =
        of_writers("SELECT substr(key, 8) FROM admin_idempotency WHERE key GLOB 'key-of-PREFIX-*'");
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let accounts = sorted(accounts);
    for (what, names) in [("details", whole), ("audit records", recorded), ("keys", keyed)] {
        if sorted(names) != accounts {
            faults.push(format!("accounts and {what} differ"));
        }
    }
    let there: HashSet<&String> = accounts.iter().collect();
    if there.len() != accounts.len() {
        faults.push("an account is there twice".into());
    }
    for name in known.acknowledged.iter().filter(|name| !there.contains(name)) {
        faults.push(format!("{name} was acknowledged and is lost"));
    }
    let asked = known.acknowledged.len() + known.unanswered.len();
    if accounts.len() > asked {
        faults.push(format!("{} accounts of {asked} that were asked for", accounts.len()));
    }
    faults
}
