//! Paths with something behind them, and addresses in the place of a path.

mod common;

use common::{Daemon, binary, ok, output};
use serde_json::json;

/// Something around a path, and a word of the message.
const AROUND: [(&str, &str, &str); 6] = [
    ("", "\r", "ends in a carriage return, as in a file with Windows line ends: save"),
    ("", "\n", "ends in a line feed"),
    ("\t", "", "contains a tab"),
    (" ", "", "begins with a blank"),
    ("", " ", "ends in a blank"),
    ("", "\u{a0}", "ends in a blank (U+00A0)"),
];

#[test]
fn a_path_with_something_around_it_is_a_usage_error() {
    let none: [&str; 0] = [];
    let daemon = Daemon::playing(none);
    for (before, after, words) in AROUND {
        let path =
            |name: &str| format!("{before}{}{after}", daemon.directory.path().join(name).display());
        let socket = path("admin.sock");
        let mut by_variable = binary(["users", "ls"]);
        by_variable.env("PHOTOPRISM_ADMIN_SOCKET", &socket);
        let mut by_fallback = binary(["index"]);
        by_fallback.env("PHOTOPRISM_FALLBACK", path("program"));
        for (source, mut command) in [
            ("--socket", binary(["users", "ls", &format!("--socket={socket}")])),
            ("--socket", binary(["admin", "doctor", &format!("--socket={socket}")])),
            ("PHOTOPRISM_ADMIN_SOCKET", by_variable),
            ("PHOTOPRISM_FALLBACK", by_fallback),
            // Not a text of its own: the program `man` is not started here.
            ("DIR", binary("admin/man".split('/').chain([path("pages").as_str()]))),
            (
                "--password-file",
                daemon.command(["passwd", "bob", &format!("--password-file={}", path("secret"))]),
            ),
        ] {
            let seen = output(&mut command);
            assert_eq!(seen.code, Some(2), "{source} {socket:?}: {seen:?}");
            let expected = format!("error: the path of {source} {words}");
            assert!(seen.err.starts_with(&expected), "{}", seen.err);
            assert_eq!(seen.err.matches('\n').count(), 1, "{}", seen.err);
        }
    }
    assert!(daemon.requests().is_empty());
    let entries = std::fs::read_dir(daemon.directory.path()).unwrap();
    assert_eq!(entries.count(), 1, "only the socket");
}

#[test]
fn variables_of_default_sockets_are_held_to_it_where_they_are_used() {
    let root = nix::unistd::geteuid().is_root();
    for name in ["XDG_RUNTIME_DIR", "HOME"] {
        let seen = output(binary(["users", "ls"]).env(name, "/nowhere\r"));
        if root {
            assert_eq!(seen.code, Some(69), "{name}: {seen:?}");
        } else {
            assert_eq!(seen.code, Some(2), "{name}: {seen:?}");
            assert!(seen.err.contains(&format!("the path of {name} ends in a carriage return")));
        }
        let daemon = Daemon::done(&json!({"items": [], "next": null}));
        assert_eq!(output(daemon.command(["users", "ls"]).env(name, "/nowhere\r")).code, Some(0));
    }
    assert_eq!(Daemon::playing([ok(&json!({}))]).run("admin doctor --socket=").code, Some(2));
}

#[test]
fn no_address_of_a_database_is_repeated() {
    for address in [
        "photoprism:hunter22@tcp(mariadb:3306)/photoprism?charset=utf8mb4",
        "mysql://photoprism:hunter22@mariadb/photoprism",
    ] {
        for line in [
            vec!["users", "ls", "bob", address],
            vec!["admin", "status", address],
            vec!["users", "mod", "--socket", "/x", "--databse", address],
        ] {
            let seen = output(&mut binary(line));
            assert_eq!(seen.code, Some(2), "{seen:?}");
            assert!(!seen.err.contains("hunter22"), "{}", seen.err);
        }
    }
}

#[test]
fn a_file_that_is_there_is_read_whatever_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("who?.csv");
    let import = || {
        let mut command = binary(["users", "import", file.to_str().unwrap()]);
        output(command.arg("--socket").arg(directory.path().join("admin.sock")))
    };
    let seen = import();
    assert_eq!(seen.code, Some(2), "{seen:?}");
    assert!(seen.err.contains("FILE is the address of a database"), "{}", seen.err);
    std::fs::write(&file, "name,role\nbob,user\n").unwrap();
    assert_eq!(import().code, Some(69), "it asks the daemon");
}
