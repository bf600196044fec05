//! Every command x every kind of peer x both sockets. The expected right is not taken from the
//! protocol crate: a wrong one in there shows up as a difference.

use photoprism_protocol::command::CommandName as C;
use photoprism_protocol::level::Level;

use super::access_table::{AUTH_SOCKET, NO, TABLE};
use super::{AllowEntry, Caller, Policy, SocketKind, Who};

const OWN: u32 = 500;
const GROUP: u32 = 600;

/// Who it is, a uid, a primary gid, supplementary gids, and the column of the table that holds for
/// that peer on the admin socket. Those without one may do nothing there.
type Peer = (&'static str, u32, u32, &'static [u32], Option<usize>);

const PEERS: [Peer; 10] = [
    ("root", 0, 0, &[], Some(3)),
    ("the daemon's own uid", OWN, 500, &[], Some(3)),
    ("member of the socket group, primary", 1001, GROUP, &[], Some(3)),
    ("member of the socket group, supplementary", 1002, 100, &[7, GROUP], Some(3)),
    ("allowed verify", 1003, 100, &[], Some(0)),
    ("allowed read", 1004, 100, &[], Some(1)),
    ("allowed write", 1005, 100, &[], Some(2)),
    ("allowed admin", 1006, 100, &[], Some(3)),
    ("stranger", 1007, 100, &[101], None),
    ("overflow uid", 65_534, GROUP, &[GROUP], None),
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

fn check(socket: SocketKind, column: impl Fn(Option<usize>) -> Option<usize>) {
    for (name, _, outcomes) in TABLE {
        let command = C::parse(name).unwrap();
        for (who, uid, gid, groups, own) in PEERS {
            let expected = column(own).is_some_and(|column| outcomes[column] != NO);
            let may = Caller::for_tests(socket, uid, gid, groups).permit(command, &policy());
            assert_eq!(may.is_ok(), expected, "{name} by {who} on the {socket} socket");
        }
    }
}

#[test]
fn every_command_is_in_the_table_once() {
    for command in C::all() {
        let rows = TABLE.iter().filter(|(name, ..)| *name == command.name()).count();
        assert_eq!(rows, 1, "{}", command.name());
    }
    assert_eq!(TABLE.len(), C::all().count());
}

#[test]
fn the_admin_socket_gives_what_the_table_says() {
    check(SocketKind::Admin, |own| own);
}

#[test]
fn the_auth_socket_gives_what_the_table_says() {
    check(SocketKind::Auth, |_| Some(AUTH_SOCKET));
}
