//! Records of logins, and the audit trail.

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::Filling;
use super::random::Random;
use super::table::{insert, stored};

/// The daemon keeps so many unless it is set otherwise.
const LOGINS: u32 = 100_000;

/// Adds a row for an address and a name for every account, as far as the daemon keeps them.
pub(super) fn logins(conn: &Connection, filling: &Filling) {
    let columns = [
        "client_ip",
        "login_name",
        "login_realm",
        "login_status",
        "error_repeated",
        "client_browser",
        "login_at",
        "failed_at",
        "created_at",
        "updated_at",
    ];
    let mut row = insert(conn, "audit_logins", &columns);
    let mut random = Random::new(3);
    for number in 0..filling.size.accounts.min(LOGINS - 1) {
        let failed = number % 4 == 3;
        let at = stored(filling.now - i64::from(random.below(90 * 86_400)));
        let (address, name) = (random.address(), format!("{}.{number}", random.base_36(6)));
        let status = if failed { "wrong password" } else { "OK" };
        let (login_at, failed_at) = (Some(&at).filter(|_| !failed), Some(&at).filter(|_| failed));
        row.execute(params![
            address, name, "api", status, failed, "Firefox", login_at, failed_at, at, at
        ])
        .expect("a record");
    }
}

/// Goes on with the audit trail: one record of the addition of each account.
pub(super) fn trail(conn: &Connection, filling: &Filling) {
    let head = "SELECT number, hash FROM admin_audit ORDER BY number DESC LIMIT 1";
    let (mut number, mut previous): (i64, String) = conn
        .query_row(head, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .expect("the trail")
        .unwrap_or_default();
    let mut uids = conn.prepare("SELECT user_uid FROM auth_users WHERE id > 1").expect("a query");
    let uids = uids.query_map([], |row| row.get(0)).expect("the accounts");
    let columns = ["number", "at", "uid", "gid", "pid", "socket", "command", "target", "hash"];
    let mut record = insert(conn, "admin_audit", &columns);
    for uid in uids {
        let uid: String = uid.expect("a UID");
        number += 1;
        // The bytes that `daemon/README.md` describes.
        let entry = (filling.now, 0_u32, 0_u32, 1_i32, "admin", "users.add", uid.as_str());
        let bytes = postcard::to_allocvec(&(1_u8, number, entry)).expect("memory");
        let hash = Sha256::new().chain_update(&previous).chain_update(bytes).finalize();
        previous = HEXLOWER.encode(&hash);
        let (at, user, group, process, socket, command, target) = entry;
        record
            .execute(params![number, at, user, group, process, socket, command, target, previous])
            .expect("a record");
    }
}
