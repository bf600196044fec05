//! What others do meanwhile.

use std::fmt::Write as _;
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::client::Client;
use crate::filled::{Kind, password_hash};

/// Rows of an import: the most that the daemon takes.
const ROWS: u32 = 20_000;

/// How long what takes only milliseconds is done over and over.
const A_WHILE: Duration = Duration::from_millis(1500);

/// What it is, as far as bounds differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Reads,
    Backup,
    Import,
    Replaces,
}

/// What a job finds, and what it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// All accounts and sessions.
    Full,
    /// What a first start leaves.
    Empty,
    /// Something else.
    Other,
}

/// One of them.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    finds: State,
    leaves: State,
    run: fn(&mut Worker),
}

const fn reads(name: &'static str, run: fn(&mut Worker)) -> Job {
    Job { name, class: Class::Reads, finds: State::Full, leaves: State::Full, run }
}

const fn changes(name: &'static str, class: Class, leaves: State, run: fn(&mut Worker)) -> Job {
    Job { name, class, finds: State::Full, leaves, run }
}

/// All of them, in an order in which few need the database put right before.
pub(crate) const JOBS: [Job; 20] = [
    changes("backup.create", Class::Backup, State::Full, Worker::create_backup),
    changes("backup.verify", Class::Backup, State::Full, |worker| {
        worker.client.ok("backup.verify", &json!({"file": worker.base}));
    }),
    changes("backup.restore, a dry run", Class::Backup, State::Full, |worker| {
        worker.restore(&json!({"file": worker.base, "dry_run": true, "with_sessions": true}));
    }),
    reads("users.ls", |worker| worker.again_and_again("users.ls", &json!({"limit": 1000}))),
    reads("users.ls of a search", |worker| {
        worker.again_and_again("users.ls", &json!({"search": "maria", "limit": 1000}));
    }),
    reads("users.ls of a search that finds nobody", |worker| {
        worker.again_and_again("users.ls", &json!({"search": "qqq", "limit": 1000}));
    }),
    reads("auth.ls", |worker| worker.again_and_again("auth.ls", &json!({"limit": 1000}))),
    reads("auth.ls of a search", |worker| {
        worker.again_and_again("auth.ls", &json!({"search": "maria", "limit": 1000}));
    }),
    reads("logins.ls", |worker| worker.again_and_again("logins.ls", &json!({"limit": 1000}))),
    reads("users.export of all pages", |worker| {
        worker.all_pages("users.export", &json!({"limit": 1000, "secrets": true}));
    }),
    reads("metrics", |worker| worker.again_and_again("metrics", &json!({}))),
    reads("status", |worker| worker.again_and_again("status", &json!({}))),
    reads("doctor", |worker| worker.again_and_again("doctor", &json!({}))),
    reads("audit.verify", |worker| {
        worker.client.ok("audit.verify", &json!({}));
    }),
    changes("users.import of 20,000 rows", Class::Import, State::Other, |worker| {
        worker.import(ROWS, &json!({}));
    }),
    changes("backup.restore with sessions", Class::Replaces, State::Full, |worker| {
        worker.restore(&json!({"file": worker.base, "with_sessions": true}));
    }),
    changes("auth.reset", Class::Replaces, State::Other, |worker| worker.reset("auth.reset")),
    changes("users.reset", Class::Replaces, State::Empty, |worker| worker.reset("users.reset")),
    Job {
        name: "backup.restore without sessions",
        class: Class::Replaces,
        finds: State::Empty,
        leaves: State::Other,
        run: |worker| worker.restore(&json!({"file": worker.base})),
    },
    changes("users.import that prunes all others", Class::Replaces, State::Other, |worker| {
        worker.import(100, &json!({"prune": true}));
    }),
];

/// A client that does them.
pub(crate) struct Worker {
    client: Client,
    kind: Kind,
    /// The backup of the full state.
    base: String,
    state: State,
    imports: u32,
}

impl Worker {
    /// On a connection to a daemon whose database is full.
    pub(crate) fn new(mut client: Client, kind: Kind) -> Self {
        let base = client.ok("backup.create", &json!({}))["file"].as_str().expect("it").to_owned();
        Self { client, kind, base, state: State::Full, imports: 0 }
    }

    /// Brings the database into the state that the job is to find.
    pub(crate) fn prepare(&mut self, job: &Job) {
        if self.state == job.finds {
            return;
        }
        match job.finds {
            State::Empty => self.reset("users.reset"),
            _ => self.restore(&json!({"file": self.base, "with_sessions": true})),
        }
        self.state = job.finds;
    }

    /// Does it, and returns how long that took.
    pub(crate) fn run(&mut self, job: &Job) -> Duration {
        let watch = Stopwatch::start();
        (job.run)(self);
        self.state = job.leaves;
        watch.elapsed()
    }

    /// The same, again and again until a while is over where it leaves everything as it was.
    pub(crate) fn run_for_a_while(&mut self, job: &Job) {
        let watch = Stopwatch::start();
        self.run(job);
        while job.class != Class::Replaces && job.leaves == job.finds && watch.elapsed() < A_WHILE {
            self.run(job);
        }
    }

    /// One command until a while is over.
    fn again_and_again(&mut self, cmd: &str, args: &Value) {
        let line = json!({"cmd": cmd, "args": args}).to_string();
        let watch = Stopwatch::start();
        while watch.elapsed() < A_WHILE {
            assert_eq!(self.client.error_of(&line), None, "{line}");
        }
    }

    fn all_pages(&mut self, cmd: &str, args: &Value) {
        let mut args = args.clone();
        loop {
            args["cursor"] = match self.client.ok(cmd, &args)["next"].take() {
                Value::Null => return,
                next => next,
            };
        }
    }

    fn create_backup(&mut self) {
        let made = self.client.ok("backup.create", &json!({}));
        self.remove(&made["file"]);
    }

    /// The disk has no room for many of them.
    fn remove(&mut self, file: &Value) {
        if let Some(path) = file.as_str() {
            let name = path.rsplit('/').next().expect("a name");
            self.client.ok("backup.rm", &json!({"backup": name}));
        }
    }

    fn restore(&mut self, args: &Value) {
        let mut restored = self.client.ok("backup.restore", args);
        self.remove(&restored["backup"].take());
    }

    fn reset(&mut self, cmd: &str) {
        let mut done = self.client.ok(cmd, &json!({}));
        self.remove(&done["backup"].take());
    }

    /// Imports new accounts whose passwords are hashed already.
    fn import(&mut self, rows: u32, how: &Value) {
        self.imports += 1;
        let hash = password_hash(self.kind);
        let mut import = Value::Null;
        for first in (0..rows).step_by(200) {
            let mut text = String::new();
            for row in first..rows.min(first + 200) {
                let name = format!("imported{}-{row}", self.imports);
                let row = json!({"name": name, "role": "guest", "display_name": "Imported Account",
                    "email": format!("{name}@example.net"), "password_hash": hash});
                writeln!(text, "{row}").expect("memory");
            }
            let mut args = json!({"text": text});
            if !import.is_null() {
                args["import"] = import.clone();
            }
            let answer = self.client.ok("users.import", &args);
            if import.is_null() {
                import = answer["import"].clone();
            }
        }
        let mut args = how.clone();
        (args["import"], args["run"]) = (import, true.into());
        let mut done = self.client.ok("users.import", &args);
        while done["done"] == false {
            done = self.client.ok("users.import", &args);
        }
        assert_eq!(done["counts"]["added"], rows, "{}", done["counts"]);
        self.remove(&done["backup"].take());
    }
}
