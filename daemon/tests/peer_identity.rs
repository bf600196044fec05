//! Peers as the kernel reports them: foreign users, supplementary groups, user namespaces.
//!
//! The test binary runs itself again for each role; `helper` is where such a process begins.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "common/outside.rs"]
mod outside;

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};
use outside::skipped;
use photoprism_daemon::peer::{Caller, Policy, SocketKind};
use photoprism_protocol::level::Level;

const ROLE: &str = "PEER_TEST_ROLE";
const SOCKET: &str = "PEER_TEST_PATH";

/// The socket group of these tests, that of nobody on the machine.
const GROUP: u32 = 54_321;
const STRANGER: u32 = 54_000;

#[test]
fn helper() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let path = PathBuf::from(std::env::var_os(SOCKET).unwrap());
    match role.as_str() {
        "serve" => serve(&path),
        "stranger" => connect_as(&path, STRANGER, &[]),
        "nobody" => connect_as(&path, 65_534, &[GROUP]),
        "member" => connect_as(&path, STRANGER, &[7, GROUP]),
        "member-of-many" => {
            let many: Vec<u32> = (60_000..60_200).chain([GROUP]).collect();
            connect_as(&path, STRANGER, &many);
        }
        other => panic!("no role {other}"),
    }
}

fn connect_as(path: &Path, uid: u32, groups: &[u32]) {
    let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
    setgroups(&groups).unwrap();
    setgid(Gid::from_raw(uid)).unwrap();
    setuid(Uid::from_raw(uid)).unwrap();
    let mut stream = UnixStream::connect(path).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
}

fn command(program: &str, role: &str, path: &Path) -> Command {
    let mut command = Command::new(program);
    command.env(ROLE, role).env(SOCKET, path).stdout(Stdio::piped());
    command
}

fn own_program() -> String {
    std::env::current_exe().unwrap().to_str().unwrap().to_owned()
}

fn policy() -> Policy {
    Policy { own_uid: geteuid().as_raw(), socket_gid: Some(GROUP), allow: Vec::new() }
}

/// A socket that everybody may connect to: the file mode guards nothing here.
fn open_to_all(root: &tempfile::TempDir) -> (UnixListener, PathBuf) {
    std::fs::set_permissions(root.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let path = root.path().join("admin.sock");
    let listener = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
    (listener, path)
}

/// Who a process of that role is, seen from the listening side.
fn seen(role: &str) -> Caller {
    let root = tempfile::tempdir().unwrap();
    let (listener, path) = open_to_all(&root);
    let mut child =
        command(&own_program(), role, &path).args(["--exact", "helper"]).spawn().unwrap();
    let (stream, _) = listener.accept().unwrap();
    let caller = Caller::of(&stream, SocketKind::Admin);
    assert_eq!(u32::try_from(caller.pid()), Ok(child.id()));
    drop(stream);
    assert!(child.wait().unwrap().success());
    caller
}

#[test]
fn the_file_mode_is_not_the_only_guard() {
    if !geteuid().is_root() {
        return skipped("needs root");
    }
    for (role, uid, level) in [
        ("stranger", STRANGER, None),
        ("nobody", 65_534, None),
        ("member", STRANGER, Some(Level::Admin)),
        ("member-of-many", STRANGER, Some(Level::Admin)),
    ] {
        let caller = seen(role);
        assert_eq!((caller.uid(), caller.gid()), (uid, uid), "{role}");
        assert_eq!(caller.level(&policy()), level, "{role}");
    }
}

/// Serves one connection and prints what it saw.
fn serve(path: &Path) {
    let listener = UnixListener::bind(path).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o666)).unwrap();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "is-open").unwrap();
    let (stream, _) = listener.accept().unwrap();
    let caller = Caller::of(&stream, SocketKind::Admin);
    writeln!(stdout, "saw {} {:?}", caller.uid(), caller.level(&policy())).unwrap();
}

#[test]
fn a_uid_from_outside_the_user_namespace_is_refused() {
    if !geteuid().is_root() {
        return skipped("needs root");
    }
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let path = root.path().join("admin.sock");
    let mut namespace = command("unshare", "serve", &path);
    namespace.args(["-U", "-r", &own_program(), "--exact", "helper", "--nocapture"]);
    let Ok(mut server) = namespace.spawn() else { return skipped("needs unshare(1)") };
    let mut output = server.stdout.take().unwrap();
    let mut text = String::new();
    while !text.contains("is-open\n") {
        let mut some = [0; 256];
        match output.read(&mut some).unwrap() {
            0 => return skipped("needs user namespaces"),
            count => text.push_str(&String::from_utf8_lossy(&some[..count])),
        }
    }
    let mut client = command(&own_program(), "stranger", &path);
    assert!(client.args(["--exact", "helper"]).status().unwrap().success());
    output.read_to_string(&mut text).unwrap();
    server.wait().unwrap();
    assert!(text.contains("saw 65534 None"), "{text}");
}
