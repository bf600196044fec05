//! Sessions: of ten, five of logins in the browser, three app passwords, one made from an app
//! password, and one access token of a client.

use rusqlite::{Connection, Statement, params};

use super::Filling;
use super::accounts::Account;
use super::random::Random;
use super::table::{insert, stored};

const COLUMNS: [&str; 22] = [
    "id",
    "user_uid",
    "user_name",
    "client_name",
    "client_ip",
    "auth_provider",
    "auth_method",
    "auth_issuer",
    "auth_id",
    "auth_scope",
    "grant_type",
    "last_active",
    "sess_expires",
    "sess_timeout",
    "preview_token",
    "download_token",
    "user_agent",
    "ref_id",
    "login_ip",
    "login_at",
    "created_at",
    "updated_at",
];

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0",
    "PhotoSync/4.9",
];

const CLIENTS: [&str; 5] = ["Phone", "Tablet", "Laptop", "PhotoSync", "Backup"];

const DAY: i64 = 86_400;

/// What differs from kind to kind.
struct One<'a> {
    account: Option<&'a Account>,
    provider: &'a str,
    method: &'a str,
    grant: &'a str,
    client: &'a str,
    scope: &'a str,
    /// The app password that it was made from.
    parent: &'a str,
    now: i64,
    created: i64,
    expires: i64,
    timeout: i64,
}

/// Adds them to these accounts.
pub(super) fn add(conn: &Connection, filling: &Filling, accounts: &[Account]) {
    let mut session = insert(conn, "auth_sessions", &COLUMNS);
    let mut random = Random::new(2);
    let mut parent = (0, String::new());
    for number in 0..filling.size.sessions {
        // Every account has some before one has more.
        let turn = number as usize % accounts.len().max(1);
        let client = random.of(&CLIENTS);
        // One login in fifty has expired.
        let late = if number % 100 == 4 { 20 * DAY } else { 0 };
        let ago = i64::from(random.below(6 * 86_400));
        let mut one = One {
            account: accounts.get(turn),
            provider: "local",
            method: "default",
            grant: "password",
            client: "",
            scope: "",
            parent: "",
            now: filling.now,
            created: filling.now - ago - late,
            expires: filling.now - ago - late + 14 * DAY,
            timeout: 7 * DAY,
        };
        if number % 10 >= 5 {
            one = One { client, timeout: 0, expires: filling.now + 300 * DAY, ..one };
        }
        match number % 10 {
            0..5 => {}
            5..8 => {
                let (provider, grant, scope) = ("application", "cli", "webdav");
                one = One { provider, grant, scope, ..one };
            }
            8 => {
                let account = accounts.get(parent.0);
                let (provider, method, scope) = ("application", "session", "webdav");
                one = One { account, provider, method, scope, parent: &parent.1, ..one };
            }
            _ => {
                let (provider, method, grant) = ("access_token", "oauth2", "cli");
                one = One { account: None, provider, method, grant, scope: "metrics", ..one };
            }
        }
        let id = random.session_id();
        write(&mut session, &mut random, &id, &one);
        if number % 10 == 7 {
            parent = (turn, id);
        }
    }
}

fn write(session: &mut Statement<'_>, random: &mut Random, id: &str, one: &One<'_>) {
    let uid = one.account.map_or("", |account| &account.uid);
    let name = one.account.map_or("", |account| &account.name);
    let tokens =
        one.account.map_or(["", ""], |account| account.tokens.each_ref().map(|token| &**token));
    let used = one.grant == "password";
    let address = if used { random.address() } else { String::new() };
    let last_active = if used { one.created + i64::from(random.below(86_400)) } else { 0 };
    let last_active = last_active.min(one.now);
    let agent = if used { random.of(&AGENTS) } else { "" };
    let at = stored(one.created);
    let issuer = if one.parent.is_empty() { "" } else { uid };
    session
        .execute(params![
            id,
            uid,
            name,
            one.client,
            address,
            one.provider,
            one.method,
            issuer,
            one.parent,
            one.scope,
            one.grant,
            last_active,
            one.expires,
            one.timeout,
            tokens[0],
            tokens[1],
            agent,
            format!("sess{}", random.base_36(8)),
            address,
            used.then_some(&at),
            at,
            at,
        ])
        .expect("a session");
}
