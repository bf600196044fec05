//! The rounds: each goes over what is to be done and is due.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use super::schedule::Schedule;
use super::token::Token;
use super::{DEADLINE, Notifier, Step, now};
use crate::clock::Monotonic;
use crate::photoprism::Deletion;
use crate::store::{
    StoreError, ToForget, Tx, claim_to_forget, copy_to_reload, has_server, mark_forgotten,
    sessions_to_forget,
};

/// Entries that are read at once.
const PAGE: usize = 200;

/// Entries that PhotoPrism is asked for before their rows are checked, in one transaction.
const BATCH: usize = 16;

/// How often the table is read although nothing is due: another daemon may have left work behind.
const EVERY: Duration = Duration::from_secs(30);

/// The rounds of a notifier.
pub(super) struct Rounds<'a> {
    notifier: &'a Notifier,
    clock: Monotonic,
    schedule: Schedule,
    token: Option<Token>,
    stop: watch::Receiver<bool>,
    /// A failure was logged, and no success since.
    reported: bool,
}

/// Why a round ends before its end.
enum Halt {
    /// PhotoPrism cannot be asked now.
    Later,
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Notifier {
    /// Notifies PhotoPrism until the daemon stops.
    pub(crate) async fn run(&self, stop: watch::Receiver<bool>) {
        let rounds = Rounds {
            notifier: self,
            clock: Monotonic::start(),
            schedule: Schedule::default(),
            token: None,
            stop,
            reported: false,
        };
        rounds.run().await;
    }
}

impl Rounds<'_> {
    async fn run(mut self) {
        let mut cleared = false;
        while !self.is_stopping() {
            if !cleared {
                cleared = self.notifier.remove_tokens_left_behind().await.is_ok();
            }
            let begins = self.schedule.begins();
            if begins <= self.clock.now() {
                match self.round().await {
                    Ok(()) | Err(Halt::Later) => {}
                    Err(Halt::Store(error)) => self.without_database(&error),
                }
            }
            if let Some(token) = self.token.take() {
                self.notifier.end_token(token).await;
            }
            self.wait().await;
        }
    }

    /// A database that does not exist yet, or a server that is away, is reported elsewhere.
    fn without_database(&mut self, error: &StoreError) {
        self.schedule.unanswered(self.clock.now());
        let is_known =
            matches!(error, StoreError::Missing | StoreError::Unreachable(_) | StoreError::Stopped);
        if !is_known {
            self.report(error);
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits for the next round.
    async fn wait(&mut self) {
        let now = self.clock.now();
        let begins = self.schedule.begins();
        let next = if begins > now { Some(begins) } else { self.schedule.next(now) };
        let time = next.map_or(EVERY, |next| next.saturating_sub(now).min(EVERY));
        let mut stop = self.stop.clone();
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.notifier.unnotified.added() => self.schedule.try_now(),
            _ = timeout(time, std::future::pending::<()>()) => {}
        }
    }

    /// Goes over all that is due.
    async fn round(&mut self) -> Result<(), Halt> {
        let (mut after, mut all, mut open) = (String::new(), 0, 0);
        loop {
            let (from, at) = (after.clone(), now());
            let read = self.notifier.store.read(DEADLINE, move |db| {
                Ok::<_, StoreError>((sessions_to_forget(db, at, &from, PAGE)?, has_server(db)))
            });
            let (page, is_shared) = read.await?;
            all += page.len();
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            let is_last = page.len() < PAGE;
            let now = self.clock.now();
            let mut due: Vec<ToForget> =
                page.into_iter().filter(|entry| self.schedule.is_due(&entry.id, now)).collect();
            if is_shared && !due.is_empty() {
                let claim = move |tx: &Tx<'_>| claim_to_forget(tx, &due, at);
                due = self.notifier.store.write(DEADLINE, claim).await?;
            }
            for batch in due.chunks(BATCH) {
                open += self.notify(batch).await?;
            }
            if is_last {
                break;
            }
        }
        if all == 0 {
            self.schedule.clear();
            self.schedule.answered();
        }
        if open == 0 && self.reported && !self.schedule.is_failing() {
            self.reported = false;
            info!("PhotoPrism was notified of all sessions that ended");
        }
        Ok(())
    }

    /// Notifies PhotoPrism of some; returns how many are not done.
    async fn notify(&mut self, batch: &[ToForget]) -> Result<usize, Halt> {
        let batch = &self.copied(batch).await?[..];
        let (mut answered, mut halted) = (Vec::new(), false);
        for entry in batch {
            if self.is_stopping() {
                halted = true;
                break;
            }
            match self.ask(entry).await? {
                Asked::Forgotten => answered.push(entry.clone()),
                Asked::Failed => {}
                Asked::Later => {
                    halted = true;
                    break;
                }
            }
        }
        let forgotten = self.mark(answered).await?;
        if halted { Err(Halt::Later) } else { Ok(batch.len() - forgotten) }
    }

    /// Without those that were to be read again and need not be any more. Of the others the rows are
    /// copied.
    async fn copied(&mut self, batch: &[ToForget]) -> Step<Vec<ToForget>> {
        let reloads: Vec<String> =
            batch.iter().filter(|entry| entry.is_reload).map(|entry| entry.id.clone()).collect();
        if reloads.is_empty() {
            return Ok(batch.to_vec());
        }
        let copy = move |tx: &Tx<'_>| copy_to_reload(tx, &reloads);
        let asked = self.notifier.store.write(DEADLINE, copy).await?;
        let wanted = |entry: &&ToForget| !entry.is_reload || asked.contains(&entry.id);
        Ok(batch.iter().filter(wanted).cloned().collect())
    }

    /// Checks the rows of those that PhotoPrism reports to have forgotten.
    async fn mark(&mut self, answered: Vec<ToForget>) -> Step<usize> {
        if answered.is_empty() {
            return Ok(0);
        }
        let entries = answered.clone();
        let mark = move |tx: &Tx<'_>| mark_forgotten(tx, &entries);
        let done = self.notifier.store.write(DEADLINE, mark).await?;
        let mut count = 0;
        for entry in answered {
            if done.contains(&entry.id) {
                self.schedule.done(&entry.id);
                count += 1;
            } else {
                self.failed(&entry, "its row is still there");
            }
        }
        Ok(count)
    }

    async fn ask(&mut self, entry: &ToForget) -> Result<Asked, Halt> {
        let Some(token) = self.token().await? else {
            return Ok(Asked::Later);
        };
        let photoprism = &self.notifier.photoprism;
        let deletion = photoprism.delete_session(&entry.ref_id, &entry.id, &token).await;
        let now = self.clock.now();
        if !matches!(deletion, Deletion::Unanswered(_)) {
            self.schedule.answered();
        }
        Ok(match deletion {
            Deletion::Done => {
                self.schedule.token_accepted();
                Asked::Forgotten
            }
            Deletion::Failed(why) => {
                self.failed(entry, &why);
                Asked::Failed
            }
            Deletion::Unanswered(why) => {
                self.schedule.unanswered(now);
                self.report(&why);
                Asked::Later
            }
            Deletion::TokenRefused(status) => {
                self.schedule.token_refused(now);
                self.report(&format!("it answered {status} to a token of the daemon"));
                if let Some(token) = self.token.take() {
                    self.notifier.remove_token(token.id).await;
                }
                Asked::Later
            }
        })
    }

    /// The secret of a token that may be used.
    async fn token(&mut self) -> Step<Option<photoprism_protocol::secret::Secret>> {
        if let Some(old) = self.token.take_if(|token| token.is_old()) {
            self.notifier.end_token(old).await;
        }
        if self.token.is_none() {
            self.token = self.notifier.create_token().await?;
            if self.token.is_none() {
                self.schedule.unanswered(self.clock.now());
                self.report(&"no super admin may log in, in whose name it could be asked");
            }
        }
        Ok(self.token.as_ref().map(|token| token.secret.clone()))
    }

    fn failed(&mut self, entry: &ToForget, why: &str) {
        self.schedule.failed(&entry.id, self.clock.now());
        self.report(&format!("session {}: {why}", entry.ref_id));
    }

    /// Logs the first failure; what follows is the same, or shown by `doctor`.
    fn report(&mut self, why: &impl std::fmt::Display) {
        if !self.reported {
            self.reported = true;
            warn!(
                address = %self.notifier.photoprism.address(), why = %why,
                "PhotoPrism was not notified of a session that ended, and may honour it until it \
                 was; it is tried again"
            );
        }
    }
}

/// What came of a request.
enum Asked {
    Forgotten,
    Failed,
    Later,
}
