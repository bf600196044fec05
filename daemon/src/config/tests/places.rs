//! Default paths, paths that are given, and the two sockets next to each other.

use std::path::Path;

use crate::config::paths::{AdminSocket, Database, check_separate};
use crate::config::testing::Machine;

fn socket(path: &str, given: bool) -> AdminSocket {
    AdminSocket::At { path: path.into(), given }
}

#[test]
fn root_has_the_paths_of_the_system() {
    let machine = Machine { uid: 0, ..Machine::new() };
    let settings = machine.run(&[]).unwrap().settings;
    let database = Database {
        path: "/var/lib/photoprism/admin.db".into(),
        backups: "/var/lib/photoprism/backups".into(),
        server: None,
        given: false,
    };
    assert_eq!(settings.database, database);
    assert_eq!(settings.socket, socket("/run/photoprism/admin.sock", false));
}

#[test]
fn others_have_those_of_the_base_directories() {
    let settings = Machine::new().run(&[]).unwrap().settings;
    assert_eq!(settings.database.path, Path::new("/nonexistent/data/photoprism/admin.db"));
    assert_eq!(settings.socket, socket("/nonexistent/run/photoprism/admin.sock", false));
    let home = "/nonexistent/home/.local/share/photoprism";
    for (data, run) in [("", ""), ("data", "run"), ("./data", "../run")] {
        let machine = Machine::new().env("XDG_DATA_HOME", data).env("XDG_RUNTIME_DIR", run);
        let settings = machine.run(&[]).unwrap().settings;
        assert_eq!(settings.database.path, Path::new(home).join("admin.db"));
        assert_eq!(settings.socket, socket(&format!("{home}/run/admin.sock"), false));
    }
}

#[test]
fn without_a_home_the_message_says_what_to_give() {
    for machine in [Machine::new().without("HOME"), Machine::new().env("HOME", "relative")] {
        assert!(machine.run(&[]).is_ok());
        let machine = machine.without("XDG_DATA_HOME");
        assert!(machine.refusal(&[]).contains("give --database PATH"));
        let machine = machine.without("XDG_RUNTIME_DIR");
        assert!(machine.refusal(&[]).contains("give --socket PATH"));
        let (database, path) = (machine.path("a.db"), machine.path("a.sock"));
        assert!(machine.run(&["--database", &database, "--socket", &path]).is_ok());
        let machine = Machine { passed: true, ..machine };
        let settings = machine.run(&["--database", &database]).unwrap().settings;
        assert_eq!(settings.socket, AdminSocket::Passed);
    }
}

#[test]
fn a_directory_of_a_database_means_the_index_in_it() {
    let machine = Machine::new();
    let directory = machine.create("storage", 0o755);
    for text in [directory.clone(), format!("{directory}/"), format!("{directory}/index.db")] {
        let database = machine.run(&["--database", &text]).unwrap().settings.database;
        assert_eq!(database.path, Path::new(&directory).join("index.db"));
        assert!(database.given && database.path.ends_with("index.db"));
    }
    let path = machine.path("admin.db");
    let database = machine.run(&["--database", &path]).unwrap().settings.database;
    let backups = machine.path("backups").into();
    assert_eq!(database, Database { path: path.into(), backups, server: None, given: true });
    assert!(!database.path.ends_with("index.db"));
}

#[test]
fn backups_lie_where_a_setting_says() {
    let machine = Machine::new();
    let directory = machine.create("disk", 0o700);
    for text in [directory.clone(), format!("{directory}/photoprism")] {
        let database = machine.run(&["--backups", &text]).unwrap().settings.database;
        assert_eq!(database.backups, Path::new(&text));
    }
    let file = machine.path("file");
    std::fs::write(&file, "").unwrap();
    for (text, why) in [(file, "is not a directory"), (machine.path("a/b"), "cannot be used")] {
        let message = machine.refusal(&["--backups", &text]);
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn directories_of_given_paths_have_to_exist() {
    let machine = Machine::new();
    let file = machine.file("file", "");
    for name in ["database", "socket"] {
        for path in [machine.path("none/at/all/x"), format!("{file}/x")] {
            let message = machine.refusal(&[&format!("--{name}"), &path]);
            assert!(message.starts_with(&format!("{name}: ")), "{message}");
            assert!(message.contains("directory"), "{message}");
            assert!(message.ends_with(&format!("(from --{name})")), "{message}");
        }
    }
    let message = machine.refusal(&["--database", &format!("{}/", machine.path("none"))]);
    assert!(message.contains("there is no directory"), "{message}");
    machine.refusal(&["--database", &machine.path("none/x")]);
}

#[test]
fn the_last_directory_of_a_socket_may_be_missing() {
    let machine = Machine::new();
    let path = machine.path("none/a.sock");
    let settings = machine.run(&["--socket", &path]).unwrap().settings;
    assert_eq!(settings.socket, socket(&path, true));
    assert!(machine.run(&["--auth-socket", &path, "--auth-socket-group", "root"]).is_ok());
    std::os::unix::fs::symlink("nowhere", machine.directory().join("dangling")).unwrap();
    let message = machine.refusal(&["--socket", &machine.path("dangling/a.sock")]);
    assert!(message.contains("cannot be used"), "{message}");
    assert!(!machine.directory().join("none").exists());
}

#[test]
fn relative_paths_become_absolute() {
    let settings = Machine::new().run(&["--database", "a.db"]).unwrap().settings;
    assert_eq!(settings.database.path, std::env::current_dir().unwrap().join("a.db"));
}

#[test]
fn a_socket_path_has_at_most_107_bytes() {
    let machine = Machine::new();
    let room = 107 - machine.path("").len();
    let path = machine.path(&"x".repeat(room));
    let settings = machine.run(&["--socket", &path]).unwrap().settings;
    assert_eq!(settings.socket, socket(&path, true));
    for name in ["socket", "auth-socket"] {
        let message = machine.refusal(&[&format!("--{name}"), &format!("{path}x")]);
        assert!(message.contains("has 108 bytes, a socket's path at most 107"), "{message}");
    }
    let machine = machine.env("XDG_RUNTIME_DIR", &format!("/{}", "x".repeat(100)));
    let message = machine.refusal(&[]);
    assert!(message.contains("at most 107") && message.ends_with("(from default)"), "{message}");
}

#[test]
fn sockets_without_a_file_are_refused() {
    let machine = Machine::new();
    let directory = machine.create("directory", 0o750);
    for name in ["socket", "auth-socket"] {
        let flag = format!("--{name}");
        let message = machine.refusal(&[&flag, "@photoprism"]);
        assert!(message.contains("abstract"), "{message}");
        for path in [format!("{directory}/"), format!("{directory}/."), format!("{directory}/..")] {
            let message = machine.refusal(&[&flag, &path]);
            assert!(message.contains("names a directory"), "{message}");
        }
    }
}

#[test]
fn a_directory_that_others_may_write_is_refused() {
    let machine = Machine::new();
    let at = |mode: u32| format!("{}/a.sock", machine.create("directory", mode));
    // The directory's group is that of the user who runs the tests; nobody has gid 4242.
    let gid = nix::unistd::getegid().to_string();
    for (mode, group, fine) in [
        (0o700, "4242", true),
        (0o755, "4242", true),
        (0o770, &gid, false),
        (0o2770, &gid, false),
        (0o730, &gid, false),
        (0o770, "4242", false),
        (0o702, "4242", false),
        (0o777, &gid, false),
        (0o1777, &gid, false),
    ] {
        let path = at(mode);
        let started = machine.run(&["--socket", &path, "--socket-group", group]);
        assert_eq!(started.is_ok(), fine, "{mode:o} {group}");
        let auth = machine.run(&["--auth-socket", &path, "--auth-socket-group", group]);
        assert_eq!(auth.is_ok(), fine, "{mode:o} {group}");
    }
    let path = at(0o770);
    let message = machine.refusal(&["--socket", &path]);
    assert!(message.contains("(mode 0770)"), "{message}");
    let passed = Machine { passed: true, ..Machine::new() };
    assert!(passed.run(&["--socket", &path]).is_ok());
}

#[test]
fn the_auth_socket_needs_a_group() {
    let machine = Machine::new();
    let path = machine.path("auth.sock");
    let message = machine.refusal(&["--auth-socket", &path]);
    assert!(message.contains("--auth-socket-group"), "{message}");
    let args = ["--auth-socket", &path, "--auth-socket-group", "root"];
    let auth = machine.run(&args).unwrap().settings.auth_socket.unwrap();
    assert_eq!((auth.path.to_str().unwrap(), auth.group.gid), (path.as_str(), 0));
}

#[test]
fn the_auth_socket_has_a_directory_apart() {
    let machine = Machine::new();
    for directory in ["admin", "admin/in", "admin-2", "auth"] {
        machine.create(directory, 0o750);
    }
    std::os::unix::fs::symlink("admin", machine.directory().join("link")).unwrap();
    for (admin, auth, how) in [
        ("admin", "admin", Some("is that of")),
        ("admin", "link", Some("is that of")),
        ("link", "admin", Some("is that of")),
        ("admin", "auth/../admin", Some("is that of")),
        ("admin", "admin/in", Some("lies in that of")),
        ("admin", "link/in", Some("lies in that of")),
        ("admin/in", "admin", Some("holds that of")),
        ("admin/in", "", Some("holds that of")),
        ("admin", "auth", None),
        ("admin", "admin-2", None),
        ("admin-2", "admin", None),
    ] {
        let (one, two) = (machine.path(admin), machine.path(auth));
        let (one, two) = (format!("{one}/a.sock"), format!("{two}/b.sock"));
        let args = ["--socket", &one, "--auth-socket", &two, "--auth-socket-group", "root"];
        match how {
            None => assert!(machine.run(&args).is_ok(), "{admin} {auth}"),
            Some(how) => {
                let message = machine.refusal(&args);
                assert!(message.contains(how), "{admin} {auth}: {message}");
                assert!(message.ends_with("(from --auth-socket)"), "{message}");
            }
        }
    }
}

#[test]
fn a_default_directory_that_does_not_exist_yet_is_compared_too() {
    let machine = Machine::new();
    let run = machine.create("run", 0o700);
    let machine = machine.env("XDG_RUNTIME_DIR", &run);
    let args = ["--auth-socket-group", "root", "--auth-socket"];
    let refused = machine.refusal(&[args.as_slice(), &[&format!("{run}/auth.sock")]].concat());
    assert!(refused.contains("holds that of the admin socket"), "{refused}");
    assert!(check_separate(Path::new("/nowhere/a/../b"), Path::new("/nowhere/b/c")).is_err());
    assert!(check_separate(Path::new("/nowhere/a"), Path::new("/nowhere/b")).is_ok());
}
