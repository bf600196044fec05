//! Every command x every kind of peer x both sockets, written by hand from the documentation.
//!
//! Nothing here is generated: a wrong level in the protocol crate must show up as a difference.

use photoprism_protocol::command::CommandName as C;
use photoprism_protocol::level::Level;

use super::{AllowEntry, Caller, Policy, SocketKind, Who};

const OWN: u32 = 500;
const GROUP: u32 = 600;

/// The peers, one for each column: a uid, a primary gid and supplementary gids.
const PEERS: [(&str, u32, u32, &[u32]); 10] = [
    ("root", 0, 0, &[]),
    ("the daemon's own uid", OWN, 500, &[]),
    ("member of the socket group, primary", 1001, GROUP, &[]),
    ("member of the socket group, supplementary", 1002, 100, &[7, GROUP]),
    ("allowed verify", 1003, 100, &[]),
    ("allowed read", 1004, 100, &[]),
    ("allowed write", 1005, 100, &[]),
    ("allowed admin", 1006, 100, &[]),
    ("stranger", 1007, 100, &[101]),
    ("overflow uid", 65_534, GROUP, &[GROUP]),
];

/// Command; who may run it on the admin socket; who on the auth socket. Columns as in `PEERS`:
/// root, own, primary, supplementary, verify, read, write, admin, stranger, overflow.
#[rustfmt::skip]
const TABLE: [(C, &str, &str); C::ALL.len()] = [
    (C::Ping,            "yyyy yyyy --", "yyyy yyyy yy"),
    (C::Status,          "yyyy -yyy --", "---- ---- --"),
    (C::UsersLs,         "yyyy -yyy --", "---- ---- --"),
    (C::UsersLegacy,     "yyyy -yyy --", "---- ---- --"),
    (C::UsersShow,       "yyyy -yyy --", "---- ---- --"),
    (C::UsersAdd,        "yyyy --yy --", "---- ---- --"),
    (C::UsersMod,        "yyyy --yy --", "---- ---- --"),
    (C::UsersRm,         "yyyy --yy --", "---- ---- --"),
    (C::UsersRestore,    "yyyy --yy --", "---- ---- --"),
    (C::UsersReset,      "yyyy ---y --", "---- ---- --"),
    (C::PasswdSet,       "yyyy --yy --", "---- ---- --"),
    (C::PasswdRemove,    "yyyy --yy --", "---- ---- --"),
    (C::LoginsLs,        "yyyy -yyy --", "---- ---- --"),
    (C::LoginsRecord,    "yyyy yyyy --", "yyyy yyyy yy"),
    (C::LoginsClear,     "yyyy ---y --", "---- ---- --"),
    (C::AuthLs,          "yyyy -yyy --", "---- ---- --"),
    (C::AuthAdd,         "yyyy --yy --", "---- ---- --"),
    (C::AuthShow,        "yyyy -yyy --", "---- ---- --"),
    (C::AuthRm,          "yyyy --yy --", "---- ---- --"),
    (C::AuthReset,       "yyyy ---y --", "---- ---- --"),
    (C::AuthLogin,       "yyyy yyyy --", "yyyy yyyy yy"),
    (C::AuthVerify,      "yyyy yyyy --", "yyyy yyyy yy"),
    (C::AuthLogout,      "yyyy yyyy --", "yyyy yyyy yy"),
    (C::UsersWhy,        "yyyy -yyy --", "---- ---- --"),
    (C::Users2faShow,    "yyyy -yyy --", "---- ---- --"),
    (C::Users2faEnroll,  "yyyy --yy --", "---- ---- --"),
    (C::Users2faConfirm, "yyyy --yy --", "---- ---- --"),
    (C::Users2faDisable, "yyyy --yy --", "---- ---- --"),
    (C::Users2faRecovery,"yyyy --yy --", "---- ---- --"),
    (C::UsersRename,     "yyyy --yy --", "---- ---- --"),
    (C::UsersAdopt,      "yyyy ---y --", "---- ---- --"),
    (C::UsersImport,     "yyyy ---y --", "---- ---- --"),
    (C::UsersExport,     "yyyy ---y --", "---- ---- --"),
    (C::BackupCreate,    "yyyy ---y --", "---- ---- --"),
    (C::BackupLs,        "yyyy ---y --", "---- ---- --"),
    (C::BackupVerify,    "yyyy ---y --", "---- ---- --"),
    (C::BackupRestore,   "yyyy ---y --", "---- ---- --"),
    (C::Doctor,          "yyyy -yyy --", "---- ---- --"),
    (C::Metrics,         "yyyy -yyy --", "---- ---- --"),
    (C::AuditLs,         "yyyy -yyy --", "---- ---- --"),
    (C::AuditVerify,     "yyyy -yyy --", "---- ---- --"),
];

fn policy() -> Policy {
    let entry = |level, uid| AllowEntry { level, who: Who::Uid(uid) };
    let allow = vec![
        entry(Level::Verify, 1003),
        entry(Level::Read, 1004),
        entry(Level::Write, 1005),
        entry(Level::Admin, 1006),
        entry(Level::Admin, 65_534),
    ];
    Policy { own_uid: OWN, socket_gid: Some(GROUP), allow }
}

fn check(command: C, socket: SocketKind, expected: &str) {
    let expected: Vec<char> = expected.chars().filter(|mark| *mark != ' ').collect();
    assert_eq!(expected.len(), PEERS.len(), "{}", command.name());
    for ((who, uid, gid, groups), mark) in PEERS.into_iter().zip(expected) {
        let caller = Caller::for_tests(socket, uid, gid, groups);
        let may = caller.permit(command, &policy()).is_ok();
        assert_eq!(may, mark == 'y', "{} by {who} on the {socket} socket", command.name());
    }
}

#[test]
fn every_command_is_in_the_table_once() {
    for command in C::ALL {
        let rows = TABLE.iter().filter(|(name, ..)| *name == command).count();
        assert_eq!(rows, 1, "{}", command.name());
    }
}

#[test]
fn the_admin_socket_gives_what_the_table_says() {
    for (command, admin, _) in TABLE {
        check(command, SocketKind::Admin, admin);
    }
}

#[test]
fn the_auth_socket_gives_what_the_table_says() {
    for (command, _, auth) in TABLE {
        check(command, SocketKind::Auth, auth);
    }
}
