//! kill -9 while a backup is being written.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Rounds in the suite: some milliseconds each.
const ROUNDS: usize = 12;

fn files(home: &TestDaemon, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.data().join("backups")).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == ending)).collect()
}

#[test]
fn no_bad_file_has_a_final_name() {
    let mut home = TestDaemon::started();
    home.offline(|database| {
        database
            .execute_batch(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                 INSERT INTO auth_users (user_uid, user_name, user_role)
                   SELECT printf('u%015d', i), 'n' || i, 'user' FROM n WHERE i > 2",
            )
            .unwrap();
    });
    let mut half_made = 0;
    for round in 0..ROUNDS {
        let before = files(&home, "db").len();
        let mut client = home.connect();
        client.send(b"{\"cmd\":\"backup.create\"}\n{\"cmd\":\"backup.create\"}\n");
        // From its first step to its last the file grows: another length each round.
        let pages = round as u64 * 12;
        let grown = || {
            let half = files(&home, "part");
            half.iter().any(|path| fs::metadata(path).is_ok_and(|data| data.len() > pages * 4096))
        };
        while !grown() && files(&home, "db").len() < before + 2 {
            std::thread::yield_now();
        }
        home.kill();
        half_made += files(&home, "part").len();
        home.start();
        let found = home.ok("backup.verify", json!({}));
        assert_eq!(found["ok"], true, "round {round}: {found}");
        for backup in found["backups"].as_array().unwrap() {
            assert_eq!(backup["counts"]["users"], 2999, "round {round}: {backup}");
        }
    }
    assert!(half_made > ROUNDS / 3, "only {half_made} were killed while they were written");
    home.ok("backup.create", json!({}));
    assert!(files(&home, "part").is_empty(), "and the next one sweeps");
}
