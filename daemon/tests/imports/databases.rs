//! Databases that a peer names by their path.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rusqlite::Connection;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};
use crate::memory::{MOST_MIB, status_mib};

/// An administrator who is not root.
const ADMIN: Who = Who { uid: 54_001, gid: 54_001, groups: &[54_003] };

/// The user of a daemon that is not root.
const USER: u32 = 54_005;

fn index_db(path: &Path) {
    let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    fs::copy(fixture, path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn fifo(path: &Path) {
    mkfifo(path, Mode::from_bits_truncate(0o600)).unwrap();
}

#[test]
fn nothing_but_a_file_is_opened() {
    let mut home = TestDaemon::started();
    let at = |name: &str| home.root().join(name);
    fifo(&at("fifo.db"));
    let _listener = UnixListener::bind(at("socket.db")).unwrap();
    std::os::unix::fs::symlink(at("fifo.db"), at("link.db")).unwrap();
    for suffix in ["-journal", "-wal", "-shm"] {
        let path = at(&format!("with{suffix}.db"));
        index_db(&path);
        fifo(Path::new(&format!("{}{suffix}", path.display())));
    }
    let paths =
        ["fifo.db", "socket.db", "link.db", "with-journal.db", "with-wal.db", "with-shm.db"];
    let paths = paths.map(at).into_iter().chain([PathBuf::from("/dev/zero"), at(".")]);
    for path in paths.collect::<Vec<_>>() {
        let fault = home.fault("users.import", json!({"database": path}));
        assert_eq!(fault, ("invalid_argument".into(), "database".into()), "{}", path.display());
    }
}

#[test]
fn the_live_database_is_not_opened_by_another_name() {
    let mut home = TestDaemon::started();
    let name = home.root().join("data").join("other.db");
    fs::hard_link(home.database(), &name).unwrap();
    let error = home.refused("users.import", json!({"database": name}));
    assert!(error["message"].as_str().unwrap().contains("this daemon itself"), "{error}");
    let other = Connection::open(home.database()).unwrap();
    let read = other.query_row("SELECT count(*) FROM auth_users", [], |row| row.get::<_, i64>(0));
    assert!(read.is_err(), "the lock is held as before");
}

/// Code and message; the message says nothing that depends on the file.
fn refusal(peer: &mut Peer, path: &Path) -> (String, String) {
    let error = peer.refused("users.import", json!({"database": path}));
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    (text("code"), text("message"))
}

#[test]
fn a_peer_reads_what_its_own_rights_let_it_read() {
    if !is_root() {
        return skipped("other users need root");
    }
    let mut home = TestDaemon::new().args(["--socket-group", "root", "--allow", "admin=uid:54001"]);
    home.start();
    open_to_all(&home.socket());
    let open = home.root().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
    let secret = open.join("secret.db");
    Connection::open(&secret).unwrap().execute_batch("CREATE TABLE love_letters (a)").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let mut peer = Peer::connect(&home.socket(), ADMIN);
    let (code, message) = refusal(&mut peer, &secret);
    assert_eq!(code, "invalid_argument");
    assert!(message.contains("with your rights") && !message.contains("love_letters"), "{message}");
    // In a directory of others, what is there and what is not are the same.
    let hidden = home.root().join("data");
    index_db(&hidden.join("there.db"));
    fs::set_permissions(hidden.join("there.db"), Permissions::from_mode(0o644)).unwrap();
    let there = refusal(&mut peer, &hidden.join("there.db"));
    assert_eq!(there, refusal(&mut peer, &hidden.join("not-there.db")));
    assert_eq!(there, refusal(&mut peer, home.database()));
    // What it may read, by any of its groups, is read; and the daemon keeps its own rights.
    let path = open.join("index.db");
    index_db(&path);
    let mut reads = || {
        let reply = peer.call("users.import", json!({"database": path}));
        if reply["ok"] == false {
            assert_eq!(reply["error"]["code"], "invalid_argument", "{reply}");
            return false;
        }
        let run = json!({"import": reply["result"]["import"], "run": true, "dry_run": true});
        peer.ok("users.import", run)["rows"] == 10
    };
    for (owner, group, mode, expected) in [
        (54_001, 0, 0o400, true),
        (0, 54_003, 0o640, true),
        (0, 54_003, 0o600, false),
        (0, 0, 0o640, false),
        (0, 0, 0o644, true),
    ] {
        chown(&path, Some(owner), Some(group)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert_eq!(reads(), expected, "{owner}:{group} {mode:o}");
    }
}

/// SQLite creates files next to such a database to read it, where nobody else has created them.
#[test]
fn a_database_in_wal_mode_needs_a_directory_that_can_be_written() {
    if !is_root() {
        return skipped("other users need root");
    }
    let mut home = TestDaemon::new().args(["--socket-group", "root", "--allow", "admin=uid:54001"]);
    home.start();
    open_to_all(&home.socket());
    let path = home.root().join("index.db");
    index_db(&path);
    let running = Connection::open(&path).unwrap();
    running.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(running);
    let mut peer = Peer::connect(&home.socket(), ADMIN);
    let mode = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    let (code, message) = refusal(&mut peer, &path);
    assert_eq!(code, "invalid_argument");
    assert!(message.contains("cannot be read with your rights"), "{message}");
    assert!(!message.contains("WAL"), "it may not read it: {message}");
    mode(0o644);
    let (code, message) = refusal(&mut peer, &path);
    assert_eq!(code, "invalid_argument");
    assert!(message.contains("in WAL mode") && message.contains("copy it"), "{message}");
    // As the message says: a copy in a directory of its own.
    let directory = home.root().join("of-admin");
    fs::create_dir(&directory).unwrap();
    chown(&directory, Some(ADMIN.uid), Some(ADMIN.gid)).unwrap();
    fs::copy(&path, directory.join("index.db")).unwrap();
    peer.ok("users.import", json!({"database": directory.join("index.db")}));
    assert_eq!(home.call("users.import", json!({"database": path}))["ok"], true, "root may write");
}

#[test]
fn a_damaged_database_is_distinguished_from_one_that_cannot_be_read() {
    let mut home = TestDaemon::started();
    let path = home.root().join("index.db");
    index_db(&path);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(8192).unwrap();
    let error = home.refused("users.import", json!({"database": path}));
    assert!(error["message"].as_str().unwrap().contains("is damaged"), "{error}");
}

#[test]
fn a_daemon_that_is_not_root_opens_files_for_its_own_user_alone() {
    if !is_root() {
        return skipped("other users need root");
    }
    let home = TestDaemon::new().args(["--socket-group", "54005", "--allow", "admin=uid:54001"]);
    for directory in [".", "run", "data"] {
        chown(home.root().join(directory), Some(USER), Some(USER)).unwrap();
    }
    let mut command = home.command();
    command.uid(USER).gid(USER);
    let _running = Running::start(command);
    open_to_all(&home.socket());
    let path = home.root().join("index.db");
    index_db(&path);
    chown(&path, Some(USER), Some(USER)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let own = Who { uid: USER, gid: USER, groups: &[] };
    let mut own = Peer::connect(&home.socket(), own);
    assert_eq!(own.call("users.import", json!({"database": path}))["ok"], true);
    // Its own user's rights are no more than the daemon's.
    let closed = home.root().join("closed.db");
    index_db(&closed);
    let (code, message) = refusal(&mut own, &closed);
    assert_eq!(code, "invalid_argument");
    assert!(message.contains("with the rights of the daemon (uid 54005)"), "{message}");
    let mut peer = Peer::connect(&home.socket(), ADMIN);
    for path in [path, home.root().join("not-there.db")] {
        let fault = peer.fault("users.import", json!({"database": path}));
        assert_eq!(fault, ("forbidden".into(), "database".into()));
    }
}

/// What a database is refused for that was changed so.
fn refused_after(change: &str) -> String {
    let mut home = TestDaemon::started();
    let path = home.root().join("index.db");
    index_db(&path);
    Connection::open(&path).unwrap().execute_batch(change).unwrap();
    let before = status_mib(&home, "VmRSS:");
    let error = home.refused("users.import", json!({"database": path}));
    let grown = status_mib(&home, "VmHWM:") - before;
    assert!(grown < MOST_MIB, "{change}: {grown} MiB");
    assert_eq!((&error["code"], &error["field"]), (&json!("invalid_argument"), &json!("database")));
    error["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_database_has_a_most_of_everything() {
    let count = |n: u32| {
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n})")
    };
    let users = |n, attr: &str| {
        format!(
            "{} INSERT INTO auth_users (user_uid, user_name, user_role, user_attr)
             SELECT printf('utoykpbyx%07d', i), 'u' || i, 'user', {attr} FROM n",
            count(n)
        )
    };
    let passwords = format!(
        "{} INSERT INTO auth_sessions (id, user_uid, auth_provider, auth_method)
         SELECT printf('x%063d', i), 'utoykpc5in2qnu74', 'application', 'default' FROM n",
        count(1001)
    );
    for (change, expected) in [
        (users(20_000, "''"), "more than 20,000 accounts; import them as texts"),
        (users(1000, "hex(zeroblob(20000))"), "more than 32 MiB; end app passwords there"),
        (users(1, "hex(zeroblob(40000))"), "a text of an account in it has more than 64 KiB"),
        (passwords, "more than 1,000 app passwords"),
    ] {
        let message = refused_after(&change);
        assert!(message.contains(expected), "{message}");
    }
}
