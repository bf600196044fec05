//! kill -9 while the log is written back into the daemon's own database: the file is complete only
//! with its log, and no other file is completed by it.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::crowd::send;
use crate::killer::Killer;

/// Kills in the suite, and in the long run (`daemon/README.md`).
const ROUNDS: usize = 6;
const LONG_ROUNDS: usize = 100;

/// Accounts of a round: their pages fill the log beyond the length at which it is written back.
const ACCOUNTS: usize = 8000;

/// Exit code of a configuration that is refused (`daemon/README.md`).
const EXIT_REFUSED: i32 = 78;

/// Adds accounts until the daemon dies before that page of the checkpoint. Gives the last of their
/// names.
fn die_in_checkpoint(home: &mut TestDaemon, killer: &Killer, round: usize, page: usize) -> String {
    let name = |number: usize| format!("r{round}-{number}");
    let row =
        |number| json!({"name": name(number), "role": "user", "provider": "none"}).to_string();
    let rows: Vec<String> = (0..ACCOUNTS).map(row).collect();
    let mut client = home.connect();
    let import = send(&mut client, &(rows.join("\n") + "\n"));
    killer.steps();
    killer.order_page(page);
    let run = json!({"cmd": "users.import", "args": {"import": import, "run": true}});
    // The reply leaves before the log is written back, or not at all.
    let _ = client.try_send(format!("{run}\n"));
    let mut replies = String::new();
    while let Some(line) = client.try_line() {
        replies += line.get(..200).unwrap_or(&line);
    }
    home.kill();
    killer.spare();
    let written = killer.steps().iter().filter(|step| *step == "write own").count();
    assert_eq!(written, page, "it died elsewhere: {replies}");
    name(ACCOUNTS - 1)
}

fn assert_refused(output: &Output, log: &Path) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(EXIT_REFUSED), "{said}");
    assert!(said.contains(log.to_str().unwrap()) && said.contains("move the log away"), "{said}");
}

/// Kills so many daemons of one database.
fn killed_inside(rounds: std::ops::Range<usize>) {
    let mut home = TestDaemon::new();
    let killer = Killer::between(&mut home);
    home.start();
    let mut earlier = Vec::new();
    for round in rounds {
        let last = die_in_checkpoint(&mut home, &killer, round, 1 + round * 37 % 211);
        let (file, log) = (home.database().to_owned(), home.data().join("admin.db-wal"));
        let torn = (fs::read(&file).unwrap(), fs::read(&log).unwrap());
        // What was there a round ago, as it was left inside of a checkpoint, is not completed by
        // this log.
        if !earlier.is_empty() {
            fs::write(&file, &earlier).unwrap();
            assert_refused(&home.ends(), &log);
            assert!(fs::read(&log).unwrap() == torn.1 && fs::read(&file).unwrap() == earlier);
            fs::write(&file, &torn.0).unwrap();
        }
        earlier = torn.0;
        home.start();
        assert_eq!(home.ok("users.show", json!({"user": last}))["user"]["name"], last.as_str());
        assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
        // The log that the next round leaves begins behind this state.
        home.restart();
    }
    home.stop();
    let sound = home.open_database().query_row("PRAGMA integrity_check", [], |row| row.get(0));
    assert_eq!(sound, Ok("ok".to_owned()));
}

#[test]
fn a_daemon_killed_inside_a_checkpoint_starts_again() {
    killed_inside(0..ROUNDS);
}

#[test]
#[ignore = "long: 100 rounds"]
fn a_daemon_killed_inside_a_checkpoint_starts_again_in_the_long_run() {
    (0..LONG_ROUNDS).step_by(10).for_each(|first| killed_inside(first..first + 10));
}
