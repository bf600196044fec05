//! Each exit code, with the words that say what to do.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;

use nix::sys::signal::Signal;

use crate::bare::{End, create_database, photoprismd};
use crate::common::outside::clear_env;
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, run_to_end, skipped};

fn ended(home: &TestDaemon) -> End {
    home.ends().into()
}

#[test]
fn a_clean_stop_is_0_and_leaves_no_socket_and_no_log_of_the_database() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let home = TestDaemon::new().with_auth_socket();
        let running = crate::common::running::Running::start(home.command());
        assert!(home.socket().exists() && home.auth_socket().exists());
        assert!(home.data().join("admin.db-wal").exists());
        running.signal(signal);
        let (status, log) = running.ended();
        assert_eq!(status.code(), Some(0), "{signal} {log}");
        assert!(!home.socket().exists() && !home.auth_socket().exists(), "{signal}");
        assert!(!home.data().join("admin.db-wal").exists(), "{signal}");
    }
}

#[test]
fn a_failure_while_running_is_1() {
    let home = TestDaemon::new();
    let daemon = home.command();
    // Enough for the database and the socket, with none left for the runtime. What the test runner
    // was given and did not mark would count too, so it is closed.
    let few = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&-; ulimit -n 9; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    clear_env(&mut command).env("HOME", home.root()).stdin(std::process::Stdio::null());
    command.arg("-c").arg(few).arg(daemon.get_program()).args(daemon.get_args());
    End::from(run_to_end(&mut command)).assert(1, &["Too many open files"]);
}

#[test]
fn bad_settings_are_2_and_name_the_setting() {
    let cases: [(&[&str], &[&str]); 7] = [
        (&["--max-line=5"], &["max-line", "--max-line"]),
        (&["--no-such-flag"], &["--no-such-flag"]),
        (&["--allow=read=uid:5"], &["allow", "--socket-group"]),
        (&["--socket-group=no such group"], &["socket-group", "no such group"]),
        (&["--admin-user=a b"], &["admin-user"]),
        (&["--password-hash=md5"], &["password-hash", "argon2id"]),
        (&["--config=/nowhere/at/all"], &["config", "/nowhere/at/all"]),
    ];
    for (args, words) in cases {
        let home = TestDaemon::new();
        let end: End = run_to_end(home.command().args(args)).into();
        end.assert(2, words);
        assert!(!home.database().exists() && !home.socket().exists(), "{args:?}");
    }
}

#[test]
fn directories_of_given_paths_must_be_there() {
    let home = TestDaemon::new();
    for (args, word) in [
        (["--database", "no/admin.db", "--socket", "run/a.sock"], "database"),
        (["--database", "data/a.db", "--socket", "no/at/all/admin.sock"], "socket"),
    ] {
        let output = run_to_end(photoprismd().args(args).current_dir(home.root()));
        End::from(output).assert(2, &[word, "no"]);
        assert!(!home.root().join("no").exists());
    }
}

#[test]
fn a_directory_of_the_socket_that_others_may_write_is_2() {
    let group = nix::unistd::getegid().to_string();
    for mode in [0o777, 0o1777, 0o770, 0o2770] {
        for args in [vec![], vec!["--socket-group", &group]] {
            let home = TestDaemon::new();
            let directory = home.root().join("run");
            fs::set_permissions(&directory, PermissionsExt::from_mode(mode)).unwrap();
            let end: End = run_to_end(home.command().args(&args)).into();
            end.assert(2, &[directory.to_str().unwrap(), "chmod go-w"]);
            assert!(!home.database().exists());
        }
    }
}

#[test]
fn the_last_directory_of_a_socket_is_created_for_its_group() {
    let group = nix::unistd::getegid();
    let mut home = TestDaemon::new().args(["--socket-group", &group.to_string()]);
    let run = home.root().join("run");
    fs::remove_dir(&run).unwrap();
    home.start();
    let found = fs::metadata(&run).unwrap();
    assert_eq!((found.mode() & 0o7777, found.gid()), (0o750, group.as_raw()));
    assert_eq!(home.ask(r#"{"cmd":"ping"}"#)["ok"], true);
}

#[test]
fn what_occupies_the_path_of_the_socket_is_2_and_stays() {
    let home = TestDaemon::new();
    fs::write(home.socket(), "precious").unwrap();
    let end = ended(&home);
    assert!(end.code != Some(0), "{end:?}");
    assert_eq!(fs::read(home.socket()).unwrap(), b"precious");
}

#[test]
fn a_stale_socket_is_replaced() {
    let mut home = TestDaemon::new();
    drop(UnixListener::bind(home.socket()).unwrap());
    home.start();
    home.stop();
}

#[test]
fn a_directory_or_a_file_that_cannot_be_written_is_74() {
    if !is_root() {
        return skipped("needs root");
    }
    let home = TestDaemon::new();
    fs::set_permissions(home.data(), PermissionsExt::from_mode(0o755)).unwrap();
    nix::unistd::chown(&home.root().join("run"), Some(65_534.into()), None).unwrap();
    let end: End = run_to_end(home.command().uid(65_534).gid(65_534)).into();
    end.assert(74, &[home.data().to_str().unwrap()]);
    assert!(!home.socket().exists());
}

#[test]
fn databases_of_others_are_78_and_stay_as_they_are() {
    for (statements, word) in [
        ("CREATE TABLE songs (a)", "songs"),
        ("PRAGMA application_id = 0x5050424B; CREATE TABLE a (a)", "backup"),
        ("CREATE TABLE migrations (a); CREATE TABLE versions (a)", "not finished"),
    ] {
        let home = TestDaemon::new();
        create_database(home.database(), statements);
        let before = fs::read(home.database()).unwrap();
        ended(&home).assert(78, &[word, home.database().to_str().unwrap()]);
        assert_eq!(fs::read(home.database()).unwrap(), before);
        assert!(!home.socket().exists());
        assert_eq!(fs::read_dir(home.data()).unwrap().count(), 1);
    }
}

#[test]
fn a_newer_schema_is_78_and_names_the_backup() {
    let mut home = TestDaemon::started();
    home.stop();
    home.open_database().execute_batch("PRAGMA user_version = 99").unwrap();
    ended(&home).assert(78, &["99", "no backup"]);
    fs::create_dir(home.data().join("backups")).unwrap();
    let backup = home.data().join("backups/schema-2.db");
    fs::write(&backup, "").unwrap();
    ended(&home).assert(78, &["99", backup.to_str().unwrap()]);
}

#[test]
fn a_reader_that_has_seen_enough_gets_no_error() {
    let home = TestDaemon::new();
    for flag in ["--help", "--version", "--check", "--print-schema", "--man"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = home.command().arg(flag).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{flag}");
    }
}

#[test]
fn help_and_version_are_0_on_standard_output() {
    let words = [
        ("--help", "PHOTOPRISM_ADMIN_DATABASE"),
        ("--version", "photoprismd "),
        ("--man", ".TH photoprismd 8 "),
    ];
    for (flag, word) in words {
        let output = run_to_end(photoprismd().arg(flag));
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(word));
        assert!(output.stderr.is_empty());
    }
}
