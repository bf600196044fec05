//! kill -9 while many accounts are changed at once, or copied: all of it was done, or nothing.

use std::fs;
use std::sync::mpsc::channel;
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::crowd::{Crowd, Kind, State, imported, kept, send};

/// Rounds of each job and kind of database in the suite, and in the long run (`daemon/README.md`).
const ROUNDS: usize = 4;
const LONG_ROUNDS: usize = 40;

/// What is being done when the daemon dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Backup,
    Restore,
    RestoreWithSessions,
    ResetAccounts,
    ResetSessions,
    Import,
    ImportAndPrune,
}

impl Job {
    const ALL: [Self; 7] = [
        Self::Backup,
        Self::Restore,
        Self::RestoreWithSessions,
        Self::ResetAccounts,
        Self::ResetSessions,
        Self::Import,
        Self::ImportAndPrune,
    ];

    /// The request; what comes before it is done here.
    fn request(self, crowd: &Crowd, client: &mut Client) -> Value {
        let base = crowd.base();
        let (cmd, args) = match self {
            Self::Backup => ("backup.create", json!({})),
            Self::Restore => ("backup.restore", json!({"file": base})),
            Self::RestoreWithSessions => {
                ("backup.restore", json!({"file": base, "with_sessions": true}))
            }
            Self::ResetAccounts => ("users.reset", json!({})),
            Self::ResetSessions => ("auth.reset", json!({})),
            Self::Import => {
                let import = send(client, &imported(crowd.kind()));
                ("users.import", json!({"import": import, "run": true}))
            }
            Self::ImportAndPrune => {
                let import = send(client, &kept(crowd.kind()));
                ("users.import", json!({"import": import, "run": true, "prune": true}))
            }
        };
        json!({"cmd": cmd, "args": args, "confirm": true})
    }
}

/// What became of a round.
struct Round {
    acknowledged: bool,
    state: State,
    faults: Vec<String>,
}

/// Does the job, and kills the daemon so long after it was asked for, or where it is acknowledged
/// before. Starts it again and checks what the database contains.
fn round(crowd: &mut Crowd, job: Job, delay: Duration) -> Round {
    let mut client = crowd.home().connect();
    let request = job.request(crowd, &mut client);
    client.send(format!("{request}\n"));
    let (answered, answer) = channel();
    let waiting = std::thread::spawn(move || {
        let line = client.try_line().filter(|line| line.ends_with('\n'));
        // Nobody waits any more where the daemon was killed.
        let _ = answered.send(());
        line
    });
    // The moment is a random one, not that of a condition.
    let _ = answer.recv_timeout(delay);
    crowd.home().kill();
    let reply = waiting.join().unwrap();
    let reply: Option<Value> = reply.map(|line| serde_json::from_str(&line).unwrap());
    if let Some(reply) = &reply {
        assert_eq!(reply["ok"], true, "{job:?} {reply}");
    }
    crowd.home().start();
    let mut faults = crowd.faults();
    let (state, damaged) = crowd.state();
    faults.extend(damaged);
    Round { acknowledged: reply.is_some(), state, faults }
}

/// How many rounds ended with nothing and with everything done, and what was wrong.
#[derive(Debug, Default)]
struct Seen {
    nothing: usize,
    all: usize,
    faults: Vec<String>,
}

fn kill(kind: Kind, job: Job, rounds: usize) -> Seen {
    let mut crowd = Crowd::new(kind, None);
    if matches!(job, Job::Restore | Job::RestoreWithSessions) {
        crowd.change_much();
    }
    let before = crowd.state().0;
    crowd.keep();
    // Once without a kill: what it leaves, and how long it takes.
    let watch = Stopwatch::start();
    let whole = round(&mut crowd, job, crate::common::TIMEOUT);
    let took = watch.elapsed() / 2;
    let after = whole.state;
    assert!(whole.acknowledged && whole.faults.is_empty(), "{:?}", whole.faults);
    assert_eq!(before == after, job == Job::Backup, "{job:?}");
    let mut seen = Seen::default();
    for number in 0..rounds {
        crowd.bring_back();
        // The golden ratio: another part of its time each round, all of them evenly spread.
        let part = (f64::from(u32::try_from(number).unwrap()) * 0.618_034 + 0.3).fract();
        let Round { acknowledged, state, faults } = round(&mut crowd, job, took.mul_f64(part));
        let fault = |what: &str| format!("{kind:?} {job:?}, round {number}: {what}");
        seen.faults.extend(faults.iter().map(|what| fault(what)));
        if state == after {
            seen.all += 1;
        } else if state != before {
            seen.faults.push(fault(&format!("a mixture: {}", state.unlike(&before, &after))));
        } else if acknowledged {
            seen.faults.push(fault("it was acknowledged and is lost"));
        } else {
            seen.nothing += 1;
        }
    }
    seen
}

fn all_or_nothing(job: Job, rounds: usize) {
    for kind in [Kind::Own, Kind::PhotoPrism] {
        let seen = kill(kind, job, rounds);
        assert_eq!(seen.faults, [""; 0]);
        if rounds == LONG_ROUNDS && job != Job::Backup {
            assert!(seen.nothing > 2, "{kind:?} {job:?} {seen:?}");
        }
    }
}

#[test]
fn a_killed_backup_leaves_no_bad_file_in_either_kind_of_database() {
    all_or_nothing(Job::Backup, ROUNDS);
}

#[test]
fn a_killed_restore_is_done_or_not() {
    all_or_nothing(Job::Restore, ROUNDS);
}

#[test]
fn a_killed_restore_with_sessions_is_done_or_not() {
    all_or_nothing(Job::RestoreWithSessions, ROUNDS);
}

#[test]
fn a_killed_reset_of_accounts_is_done_or_not() {
    all_or_nothing(Job::ResetAccounts, ROUNDS);
}

#[test]
fn a_killed_reset_of_sessions_is_done_or_not() {
    all_or_nothing(Job::ResetSessions, ROUNDS);
}

#[test]
fn a_killed_import_is_done_or_not() {
    all_or_nothing(Job::Import, ROUNDS);
}

#[test]
fn a_killed_import_that_prunes_is_done_or_not() {
    all_or_nothing(Job::ImportAndPrune, ROUNDS);
}

#[test]
#[ignore = "long: 40 rounds of each job and kind of database"]
fn killed_jobs_are_done_or_not_in_the_long_run() {
    for job in Job::ALL {
        all_or_nothing(job, LONG_ROUNDS);
    }
}

#[test]
fn a_job_that_is_acknowledged_before_its_commit_is_found_lost() {
    let loses = |_| {
        let mut crowd = Crowd::new(Kind::Own, Some("acknowledge-early"));
        let before = crowd.state().0;
        // Killed as soon as it is acknowledged.
        let ended = round(&mut crowd, Job::ResetSessions, crate::common::TIMEOUT);
        ended.acknowledged && ended.state == before
    };
    assert!((0..ROUNDS * 4).any(loses), "the harness found nothing");
}

#[test]
fn a_backup_that_is_spoiled_is_found() {
    let mut crowd = Crowd::new(Kind::Own, None);
    let path = crowd.home().data().join("backups").join(crowd.base());
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let faults = crowd.faults();
    assert!(faults.iter().any(|fault| fault.contains("a bad backup")), "{faults:?}");
}

#[test]
fn a_mixture_is_found() {
    let mut crowd = Crowd::new(Kind::Own, None);
    let before = crowd.state().0;
    for statement in [
        "DELETE FROM auth_sessions WHERE rowid = (SELECT max(rowid) FROM auth_sessions)",
        "DELETE FROM auth_users WHERE id = (SELECT max(id) FROM auth_users)",
        "DELETE FROM auth_users_details WHERE rowid = (SELECT max(rowid) FROM auth_users_details)",
        "DELETE FROM passwords WHERE rowid = (SELECT max(rowid) FROM passwords)",
        "UPDATE auth_users SET deleted_at = '2026-01-01 00:00:00+00:00'
           WHERE id = (SELECT max(id) FROM auth_users)",
    ] {
        crowd.keep();
        let changed = crowd.home().offline(|conn| conn.execute(statement, []).unwrap());
        assert_eq!(changed, 1, "{statement}");
        assert!(crowd.state().0 != before, "{statement}");
        crowd.bring_back();
        assert!(crowd.state().0 == before, "it is as it was");
    }
}
