//! Where it listens, and how it stops.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;

use crate::common::http::{exchange, is_over, read};
use crate::common::running::Running;
use crate::common::{Gate, Home, PASSWORD, basic, command, output, outside};
use crate::fake::Fake;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n";

fn status(path: &Path) -> u16 {
    exchange(&mut UnixStream::connect(path).unwrap(), REQUEST).status
}

#[test]
fn unix_sockets_have_the_mode_and_the_group_that_are_given() {
    let home = Home::started();
    let (one, other) = (home.path("one.sock"), home.path("other.sock"));
    let places = [&one, &other].map(|path| format!("unix:{}", path.display()));
    let gid = nix::unistd::getegid().to_string();
    let flags = ["--listen", &places[0], "--listen", &places[1], "--mode", "0622", "--group", &gid];
    let gate = home.gate(&flags);
    for path in [&one, &other] {
        let found = fs::metadata(path).unwrap();
        assert_eq!((found.mode() & 0o7777, found.gid().to_string()), (0o622, gid.clone()));
        assert_eq!(status(path), 401);
    }
    assert_eq!(gate.send(REQUEST).status, 401);
    gate.running.stop();
    assert!(!one.exists() && !other.exists());
    let gate = home.gate(&["--listen", &places[0]]);
    assert_eq!(fs::metadata(&one).unwrap().mode() & 0o7777, 0o660);
    drop(gate);
}

#[test]
fn a_stale_socket_is_replaced_and_nothing_else() {
    let home = Home::started();
    let path = home.path("gate.sock");
    let place = format!("unix:{}", path.display());
    let gate = home.gate(&["--listen", &place]);
    gate.running.signal(Signal::SIGKILL);
    gate.running.ended();
    assert!(path.exists(), "killed, it left its socket");
    let gate = home.gate(&["--listen", &place]);
    assert_eq!(status(&path), 401);
    let refused = |place: &str| {
        let mut command = command(&["serve", "--listen", place]);
        let output = output(command.arg("--auth-socket").arg(home.auth_socket()), b"");
        (output.code, output.err)
    };
    let (code, message) = refused(&place);
    assert_eq!(code, Some(73), "{message}");
    assert!(message.contains("another program listens on"), "{message}");
    assert_eq!(status(&path), 401);
    let (code, message) = refused(&gate.address.to_string());
    assert_eq!(code, Some(73), "{message}");
    let precious = home.path("precious");
    fs::write(&precious, "precious").unwrap();
    let link = home.path("link");
    symlink(&precious, &link).unwrap();
    for path in [&precious, &link, &home.path("run"), &home.path("none/gate.sock")] {
        let (code, message) = refused(&format!("unix:{}", path.display()));
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
}

/// A copy of a descriptor that a child inherits. The process of the test keeps it.
fn inherited(socket: impl AsFd) -> i32 {
    fcntl(socket, FcntlArg::F_DUPFD(100)).unwrap()
}

/// The gate as systemd starts it, with these descriptors from 3 on.
fn with_sockets(home: &Home, sockets: &[i32], pid: &str) -> Command {
    let moves = (3..).zip(sockets).map(|(to, it)| format!("exec {to}<&{it}; "));
    let moves = moves.collect::<Vec<_>>().concat();
    // The variable names the process, so a shell sets it and becomes that process.
    let script = format!(
        "{moves}LISTEN_PID={pid} LISTEN_FDS={} exec \"$0\" serve --listen systemd --auth-socket \
         \"$1\"",
        sockets.len()
    );
    let mut command = Command::new("bash");
    outside::clear_env(&mut command).args(["-c", &script, env!("CARGO_BIN_EXE_photoprism-gate")]);
    command.arg(home.auth_socket());
    command
}

#[test]
fn sockets_of_systemd_are_used_as_they_are() {
    let home = Home::started();
    let path = home.path("passed.sock");
    let unix = UnixListener::bind(&path).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o606)).unwrap();
    let (unix, passed) = (inherited(&unix), inherited(&tcp));
    let running = Running::start(with_sockets(&home, &[unix, passed], "$$"));
    assert_eq!(status(&path), 401);
    let address = tcp.local_addr().unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    assert_eq!(exchange(&mut stream, REQUEST).status, 401);
    drop(stream);
    let log = running.stop();
    assert!(log.contains(&format!("ready: listen=unix:{},{address} ", path.display())), "{log}");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o606, "neither removed nor changed");
    let file = inherited(fs::File::open("/dev/null").unwrap());
    for (socket, pid, words) in [
        (unix, "1", "passed no sockets"),
        (unix, "", "passed no sockets"),
        (file, "$$", "is not a stream socket"),
    ] {
        let output = output(&mut with_sockets(&home, &[socket], pid), b"");
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.err.contains(words), "{output:?}");
    }
}

#[test]
fn a_signal_lets_what_is_answered_come_to_its_end() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let home = Home::with_env(&[("PHOTOPRISM_ADMIN_REFUSAL_FLOOR", "500")]);
        let gate = home.gate(&[]);
        let mut idle = gate.connect();
        assert_eq!(exchange(&mut idle, REQUEST).status, 401);
        let mut asking = gate.connect();
        let header = basic("bob", PASSWORD);
        write!(asking, "GET / HTTP/1.1\r\nHost: gate\r\n{header}\r\n\r\n").unwrap();
        home.daemon().wait_for_log("login refused");
        gate.running.signal(signal);
        assert_eq!(read(&mut asking).status, 401);
        assert!(is_over(&mut idle));
        let (status, log) = gate.running.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains("stopping") && log.ends_with("stopped\n"), "{log}");
    }
}

/// A request that the daemon has and does not answer.
fn ask(gate: &Gate, fake: &Fake) -> TcpStream {
    let mut asking = gate.connect();
    let header = basic("bob", PASSWORD);
    write!(asking, "GET / HTTP/1.1\r\nHost: gate\r\n{header}\r\n\r\n").unwrap();
    while fake.seen.lock().unwrap().is_empty() {}
    asking
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let fake = Fake::new(|_, _| true);
    let gate = Gate::start(&fake.socket(), &[]);
    let _asking = ask(&gate, &fake);
    gate.running.signal(Signal::SIGTERM);
    gate.running.wait_for_log("stopping");
    gate.running.signal(Signal::SIGTERM);
    assert_eq!(gate.running.ended().0.code(), Some(1));
}

#[test]
fn a_stop_waits_5_s_and_not_longer() {
    let fake = Fake::new(|_, _| true);
    let gate = Gate::start(&fake.socket(), &[]);
    let _asking = ask(&gate, &fake);
    let log = gate.running.stop();
    assert!(log.contains("some connections were not finished"), "{log}");
}
