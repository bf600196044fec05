//! Flags, the environment, and what is wrong with them.

use crate::common::running::Running;
use crate::common::{Home, Output, PASSWORD, basic, command, output};

fn check(flags: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = command(&["serve", "--check"]);
    output(command.args(flags).envs(env.iter().copied()), b"")
}

#[test]
fn every_setting_is_a_flag_and_a_variable() {
    let defaults = check(&["--auth-socket", "/run/auth.sock"], &[]);
    assert_eq!((defaults.code, defaults.err.as_str()), (Some(0), ""));
    assert_eq!(
        defaults.out,
        "auth-socket: /run/auth.sock (from flag)\nrealm: gate (from default)\n\
         scope: none (from default)\nlisten: 127.0.0.1:8081 (from default)\n\
         mode: 0660 (from default)\ngroup: none (from default)\n\
         trust: 127.0.0.0/8,::1/128,unix (from default)\nok: 204 (from default)\n\
         limited-status: 429 (from default)\nmax-connections: 256 (from default)\n\
         introspect-secret-file: none (from default)\n"
    );
    for (name, variable, one, other) in [
        ("auth-socket", "PHOTOPRISM_AUTH_SOCKET", "/a", "/b"),
        ("realm", "PHOTOPRISM_GATE_REALM", "dav", "web"),
        ("scope", "PHOTOPRISM_GATE_SCOPE", "webdav", "photos"),
        ("listen", "PHOTOPRISM_GATE_LISTEN", "[::1]:80,unix:/a", "127.0.0.1:1"),
        ("mode", "PHOTOPRISM_GATE_MODE", "0666", "0600"),
        ("group", "PHOTOPRISM_GATE_GROUP", "0", "root"),
        ("trust", "PHOTOPRISM_GATE_TRUST", "10.0.0.0/8", "none"),
        ("ok", "PHOTOPRISM_GATE_OK", "200", "204"),
        ("limited-status", "PHOTOPRISM_GATE_LIMITED_STATUS", "401", "429"),
        ("max-connections", "PHOTOPRISM_GATE_MAX_CONNECTIONS", "1", "10000"),
    ] {
        let socket = ("PHOTOPRISM_AUTH_SOCKET", "/x");
        let shown = |value: &str, source: &str| format!("{name}: {value} (from {source})\n");
        let by_env = check(&[], &[socket, (variable, one)]);
        assert!(by_env.out.contains(&shown(one, variable)), "{by_env:?}");
        let flag = format!("--{name}={other}");
        let by_flag = check(&[&flag], &[socket, (variable, one)]);
        assert!(by_flag.out.contains(&shown(other, "flag")), "{by_flag:?}");
        let empty = check(&[&flag], &[socket, (variable, "")]);
        assert_eq!(empty.code, Some(0), "{empty:?}");
    }
}

#[test]
fn what_is_wrong_is_2_and_says_what_to_do() {
    for (flags, words) in [
        (&["--listen=8081"][..], "give ADDRESS:PORT"),
        (&["--listen=localhost:8081"], "give ADDRESS:PORT"),
        (&["--listen=unix:gate.sock"], "begins with a /"),
        (&["--listen=127.0.0.1:1", "--listen="], "give ADDRESS:PORT"),
        (&["--mode=0999"], "give one like 0660"),
        (&["--mode=0440"], "give one like 0660"),
        (&["--group=no-such-group"], "there is no such group"),
        (&["--trust=proxy"], "give networks such as 10.0.0.0/8"),
        (&["--trust=10.0.0.0/99"], "give networks such as 10.0.0.0/8"),
        (&["--realm="], "1 to 64 characters"),
        (&["--realm=a\nb"], "1 to 64 characters"),
        (&["--scope="], "at least one word"),
        (&["--scope=a/b"], "letters, digits"),
        (&["--ok=302"], "give 204 or 200"),
        (&["--limited-status=503"], "give 429 or 401"),
        (&["--max-connections=0"], "give one of 1 to 10000"),
        (&["--max-connections=many"], "give one of 1 to 10000"),
    ] {
        let output = check(flags, &[("PHOTOPRISM_AUTH_SOCKET", "/x")]);
        assert_eq!((output.code, output.out.as_str()), (Some(2), ""), "{flags:?}");
        assert!(output.err.starts_with("error: --"), "{output:?}");
        assert!(
            output.err.contains(words) && output.err.contains("PHOTOPRISM_GATE_"),
            "{output:?}"
        );
    }
    let missing = check(&[], &[]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("PHOTOPRISM_AUTH_SOCKET"), "{missing:?}");
    for flags in [&["serve", "--nothing"][..], &["nothing"], &[]] {
        assert_eq!(output(&mut command(flags), b"").code, Some(2), "{flags:?}");
    }
    for flags in [&["--help"][..], &["serve", "--help"], &["--version"]] {
        let output = output(&mut command(flags), b"");
        assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{flags:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_gets_no_error() {
    for flags in [&["--help"][..], &["serve", "--help"], &["serve", "--check"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = command(flags);
        command
            .env("PHOTOPRISM_AUTH_SOCKET", "/run/x.sock")
            .env("PHOTOPRISM_GATE_LISTEN", "unix:/x");
        let output = command.stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{flags:?}");
    }
}

#[test]
fn the_environment_alone_starts_it() {
    let home = Home::with_bob();
    let path = home.path("gate.sock");
    let mut command = command(&["serve"]);
    command.env("PHOTOPRISM_AUTH_SOCKET", home.auth_socket());
    command.env("PHOTOPRISM_GATE_LISTEN", format!("unix:{}", path.display()));
    command.env("PHOTOPRISM_GATE_OK", "200");
    let running = Running::start(command);
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let header = basic("bob", PASSWORD);
    let text = format!("GET / HTTP/1.1\r\nHost: gate\r\n{header}\r\n\r\n");
    assert_eq!(crate::common::http::exchange(&mut stream, text.as_bytes()).status, 200);
    drop(stream);
    let log = running.stop();
    let ready = format!("ready: listen=unix:{} auth-socket=", path.display());
    assert!(log.starts_with(&ready), "{log}");
}
