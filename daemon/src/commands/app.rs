//! What all connections share. One thread uses it, so nothing in it is locked.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use photoprism_protocol::doctor::Check;
use photoprism_protocol::name::UserName;
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use super::backup_files::BackupFiles;
use super::gathered::{GatheredLogins, Which};
use super::import_sessions::ImportSessions;
use super::periodic::PeriodicBackups;
use super::refusals::RefusalBuffer;
use super::remembered::RememberedPasswords;
use super::shared_run::SharedRun;
use crate::clock::{Floor, FloorReset, MonotoneClock, Stopwatch, random};
use crate::config::{AdminPassword, Limits};
use crate::error::CommandError;
use crate::hashing::Pool;
use crate::limiter::Limiter;
use crate::metrics::Metrics;
use crate::model::PasswordRules;
use crate::model::{Effect, EffectHandler};
use crate::notify::Notifier;
use crate::peer::Policy;
use crate::session_index::{EndedIds, SessionIndex, Unnotified};
use crate::store::Store;

/// The head of the audit trail is logged once in so many records.
const HEAD_EVERY: i64 = 1000;

/// Where the daemon lives, for `status`.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// Path of the database. With a server that of the default database.
    pub database: PathBuf,
    /// The directory of its backups.
    pub backups: PathBuf,
    /// The address of the server that has it, without a password.
    pub server: Option<String>,
    /// Path of the admin socket.
    pub admin: PathBuf,
    /// Path of the auth socket, where it is on.
    pub auth: Option<PathBuf>,
}

impl Paths {
    /// What the database is called.
    pub(crate) fn database_name(&self) -> String {
        self.server.clone().unwrap_or_else(|| self.database.display().to_string())
    }
}

/// The settings `session-maxage` and `session-timeout` in seconds; -1: never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// From login to end.
    pub maxage: i64,
    /// Without use.
    pub timeout: i64,
}

/// What all connections share.
pub(crate) struct App {
    /// The database thread.
    pub store: Store,
    /// Sessions of the daemon's own database, for checks without it.
    pub index: SessionIndex,
    /// Whether the database is the daemon's own: PhotoPrism's changes without the daemon.
    pub own: bool,
    /// What was ended in PhotoPrism's database, for checks whatever its rows contain.
    pub ended: EndedIds,
    /// Notifies a running PhotoPrism of what was ended, where its address is known.
    pub notifier: Option<Notifier>,
    /// The address is known, and is not used since app passwords are disabled.
    pub address_unused: bool,
    /// Places of addresses and accounts.
    pub limiter: Limiter,
    /// Refusals of the limiter that are not yet written.
    pub refusals: RefusalBuffer,
    /// Right passwords that are remembered.
    pub remembered: RememberedPasswords,
    /// Repeated logins that are not yet written.
    pub gathered: GatheredLogins,
    /// How long sessions of logins live.
    pub lifetimes: Lifetimes,
    /// No app password is created or accepted, as in PhotoPrism.
    pub without_app_passwords: bool,
    /// The hash threads.
    pub pool: Pool,
    /// Where instants come from.
    pub clock: MonotoneClock,
    /// The floor under "now" that the database knows.
    pub stored_floor: Cell<Floor>,
    /// Where secrets and ids come from.
    pub random: fn(&mut [u8]),
    /// Who may do what; changes at a reload.
    pub policy: RefCell<Policy>,
    /// The limits; they change at a reload.
    pub limits: RefCell<Limits>,
    /// The rules of new passwords.
    pub rules: PasswordRules,
    /// What commands that work on the files of backups share.
    pub backups: BackupFiles,
    /// Backups that the daemon writes by itself.
    pub periodic: PeriodicBackups,
    /// The checks of pages that `doctor` asks for.
    pub page_checks: PageChecks,
    /// The last check of the running PhotoPrism that `doctor` asked for.
    pub photoprism_check: PhotoPrismCheck,
    /// Name of the first admin.
    pub admin_user: UserName,
    /// Where its configured password is.
    pub admin_password: AdminPassword,
    /// Reads a variable of the environment.
    pub env: fn(&str) -> Option<OsString>,
    /// For `status`.
    pub places: Paths,
    /// Since the start.
    pub started: Stopwatch,
    /// Open connections, over both sockets.
    pub open: Cell<usize>,
    /// Turns true when the daemon stops.
    pub stop: watch::Receiver<bool>,
    /// Imports on their way.
    pub imports: ImportSessions,
    /// What is counted.
    pub metrics: Metrics,
    /// Names the requests that fail.
    pub requests: RequestIds,
}

/// Checks for damaged pages, which read a whole file.
#[derive(Default)]
pub(crate) struct PageChecks(pub(super) SharedRun<Option<Check>>);

/// The last check of the running PhotoPrism, and since when it is known. One at a time: a peer that
/// asks during one is shown its result.
#[derive(Default)]
pub(crate) struct PhotoPrismCheck(pub(super) Mutex<Option<(Stopwatch, Check)>>);

/// Names for requests in the log: those of two runs differ.
pub(crate) struct RequestIds {
    run: u32,
    last: Cell<u64>,
}

impl Default for RequestIds {
    fn default() -> Self {
        let mut bytes = [0; 4];
        random(&mut bytes);
        Self { run: u32::from_be_bytes(bytes), last: Cell::new(0) }
    }
}

impl RequestIds {
    pub(crate) fn next(&self) -> String {
        let number = self.last.get() + 1;
        self.last.set(number);
        format!("{:08x}-{number}", self.run)
    }
}

/// What is in memory and changes with commits.
#[derive(Clone)]
pub(crate) struct Memory {
    pub index: SessionIndex,
    pub ended: EndedIds,
    pub unnotified: Unnotified,
}

/// Applies the effects of commits: to the session index, to the ended ids, to the clock, and to the
/// log.
pub(crate) fn sink(memory: Memory, floor: FloorReset) -> EffectHandler {
    let Memory { index, ended, unnotified } = memory;
    Box::new(move |effect| {
        log(&effect);
        if let Effect::FloorReset { at, record } = effect {
            floor.set(at, record);
        }
        ended.apply(&effect);
        unnotified.apply(&effect);
        index.apply(effect);
    })
}

fn log(effect: &Effect) {
    match effect {
        Effect::Audited(head) if head.number % HEAD_EVERY == 0 => {
            info!(number = head.number, hash = %head.hash, "head of the audit trail");
        }
        Effect::CameBack(came) => warn!(
            session = came.ref_id,
            user = came.user_name,
            "PhotoPrism still honours a session that was ended here and wrote it back; it was ended \
             again: restart it, or set --photoprism-url"
        ),
        Effect::MoreCameBack(more) => warn!(
            more,
            "PhotoPrism still honours more sessions that were ended here and wrote them back; they \
             were ended again: restart it, or set --photoprism-url"
        ),
        Effect::WentBack(back) => {
            for what in &back.what {
                warn!(
                    user = back.user_name,
                    what,
                    "PhotoPrism changed an account after it was changed here; see that it was meant"
                );
            }
        }
        _ => {}
    }
}

impl App {
    /// Whether the daemon is stopping: what has not begun is not begun any more.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Writes the refusals that wait, so that what is written next comes after them.
    ///
    /// # Errors
    /// The store's; what could not be written keeps waiting.
    pub(crate) async fn flush_refusals(&self, deadline: Duration) -> Result<(), CommandError> {
        self.refusals.flush(&self.store, self.clock.now(), deadline).await
    }

    /// Writes the repeated logins that have waited for a minute.
    ///
    /// # Errors
    /// The store's; what could not be written keeps waiting.
    pub(crate) async fn flush_due_logins(&self, deadline: Duration) -> Result<(), CommandError> {
        self.gathered.flush(&self.store, self.clock.moment(), Which::Due, deadline).await
    }

    /// Writes all repeated logins that wait.
    ///
    /// # Errors
    /// The store's; what could not be written keeps waiting.
    pub(crate) async fn flush_logins(&self, deadline: Duration) -> Result<(), CommandError> {
        self.gathered.flush(&self.store, self.clock.moment(), Which::All, deadline).await
    }
}
