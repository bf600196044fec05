//! Repeated successes of one address, name and realm, gathered and written at most once a minute: a
//! client that logs in with each request must not cost a commit for each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tracing::info;

use crate::clock::Moment;
use crate::error::CommandError;
use crate::model::Account;
use crate::store::{
    Attempt, AttemptStatus, LimitRow, Store, StoreError, Tx, account_by_uid, account_logged_in,
    login_gathered, recorded_name, trust_put,
};

/// Most keys whose successes are gathered; those of others are written one by one.
const MOST: usize = 1024;

/// How long successes are gathered before they are written.
const EVERY: Duration = Duration::from_mins(1);

/// Keys that one transaction writes: with more, statements of PhotoPrism's own became the victims of
/// deadlocks in MariaDB.
const STEP: usize = 8;

/// Whose success it is, and which row of the record counts it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SuccessKey {
    ip: String,
    /// As the record has it: that of two accounts may begin alike.
    name: String,
    realm: String,
    uid: String,
}

impl SuccessKey {
    pub(super) fn new(ip: &str, name: &str, realm: &str, uid: &str) -> Self {
        Self {
            ip: ip.to_owned(),
            name: recorded_name(name),
            realm: realm.to_owned(),
            uid: uid.to_owned(),
        }
    }

    fn is_of(&self, ip: &str, name: &str) -> bool {
        self.ip == ip && self.name == name
    }
}

/// One success.
#[derive(Clone, Debug)]
pub(super) struct Success {
    pub user_agent: String,
    pub at: Timestamp,
    /// The row that makes its network a trusted one.
    pub trust: Option<LimitRow>,
}

/// Successes that are not yet written.
#[derive(Clone, Debug)]
struct Waiting {
    count: u64,
    since: Moment,
    latest: Success,
}

#[derive(Clone, Debug)]
struct Entry {
    /// When one was written last.
    written: Moment,
    /// Whether the next one may be gathered: nothing failed since.
    open: bool,
    waiting: Option<Waiting>,
}

impl Entry {
    /// Whether another one may wait.
    fn admits(&self, now: Moment) -> bool {
        self.open && (self.waiting.is_some() || self.written.age(now) < EVERY)
    }
}

/// Successes by their key; of one thread.
#[derive(Debug, Default)]
pub(crate) struct GatheredLogins(RefCell<HashMap<SuccessKey, Entry>>);

impl GatheredLogins {
    /// Whether a success may be gathered now, so that something has to be read for it first.
    pub(super) fn is_open(&self, key: &SuccessKey, now: Moment) -> bool {
        self.0.borrow().get(key).is_some_and(|entry| entry.admits(now))
    }

    /// Adds a success, which may be made from the one before it, to those that wait. False where it
    /// has to be written at once: it is the first, the last one was written long ago, or something
    /// failed since.
    pub(super) fn gather(
        &self,
        key: &SuccessKey,
        now: Moment,
        success: impl FnOnce(Option<Success>) -> Success,
    ) -> bool {
        let mut entries = self.0.borrow_mut();
        let Some(entry) = entries.get_mut(key).filter(|entry| entry.admits(now)) else {
            return false;
        };
        entry.waiting = Some(match entry.waiting.take() {
            Some(Waiting { count, since, latest }) => {
                Waiting { count: count + 1, since, latest: success(Some(latest)) }
            }
            None => Waiting { count: 1, since: now, latest: success(None) },
        });
        true
    }

    /// A success was written: those that follow may be gathered.
    pub(super) fn open(&self, key: SuccessKey, now: Moment) {
        let mut entries = self.0.borrow_mut();
        if let Some(entry) = entries.get_mut(&key) {
            (entry.written, entry.open) = (now, true);
        } else if entries.len() < MOST {
            entries.insert(key, Entry { written: now, open: true, waiting: None });
        }
    }

    /// An attempt of that address and name failed: the next success is written at once, and those
    /// that wait soon.
    pub(super) fn close(&self, ip: &str, name: &str) {
        let name = recorded_name(name);
        for (key, entry) in self.0.borrow_mut().iter_mut() {
            entry.open &= !key.is_of(ip, &name);
        }
    }

    /// The records of that address and name are gone; `None`: of all.
    pub(super) fn forget(&self, ip: Option<&str>, name: Option<&str>) {
        let name = name.map(recorded_name);
        let differs = |wanted: Option<&str>, value: &str| wanted.is_some_and(|it| it != value);
        self.0
            .borrow_mut()
            .retain(|key, _| differs(ip, &key.ip) || differs(name.as_deref(), &key.name));
    }

    /// How many successes wait.
    pub(super) fn waiting(&self) -> u64 {
        let entries = self.0.borrow();
        entries.values().filter_map(|entry| entry.waiting.as_ref()).map(|w| w.count).sum()
    }

    /// Takes some of those that are due, or of all of them, and forgets keys without any.
    fn take(&self, now: Moment, which: Which) -> Vec<(SuccessKey, Waiting)> {
        let mut entries = self.0.borrow_mut();
        let mut taken = Vec::new();
        entries.retain(|key, entry| {
            let is_due = |waiting: &mut Waiting| {
                let is_meant = which == Which::All && !waiting.since.is_after(now);
                is_meant || !entry.open || waiting.since.age(now) >= EVERY
            };
            if taken.len() < STEP
                && let Some(waiting) = entry.waiting.take_if(is_due)
            {
                entry.written = now;
                taken.push((key.clone(), waiting));
            }
            entry.waiting.is_some() || entry.written.age(now) < EVERY
        });
        taken
    }

    /// Puts back what could not be written. The next success is written at once, or refused: none
    /// succeeds for long that cannot be recorded.
    fn restore(&self, taken: Vec<(SuccessKey, Waiting)>) {
        let mut entries = self.0.borrow_mut();
        for (key, before) in taken {
            let written = before.since;
            let entry = entries.entry(key);
            let entry = entry.or_insert(Entry { written, open: false, waiting: None });
            entry.open = false;
            entry.waiting = Some(match entry.waiting.take() {
                Some(since) => Waiting { count: before.count + since.count, ..since },
                None => before,
            });
        }
    }

    /// Writes those that are due, or all of them.
    ///
    /// # Errors
    /// The store's; what could not be written keeps waiting.
    pub(super) async fn flush(
        &self,
        store: &Store,
        now: Moment,
        which: Which,
        deadline: Duration,
    ) -> Result<(), CommandError> {
        loop {
            let taken = self.take(now, which);
            if taken.is_empty() {
                return Ok(());
            }
            let rows = taken.clone();
            if let Err(error) = store.write(deadline, move |tx| write(tx, &rows)).await {
                self.restore(taken);
                return Err(error.into());
            }
            for (SuccessKey { ip, name, .. }, Waiting { count, .. }) in &taken {
                info!(ip = %ip, user = name.as_str(), "{count} more: login ok");
            }
        }
    }
}

/// Which successes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that waited for a minute, and those before a failure.
    Due,
    /// All that wait now: a client that goes on logging in must not be waited for.
    All,
}

fn write(tx: &Tx<'_>, rows: &[(SuccessKey, Waiting)]) -> Result<(), StoreError> {
    for (SuccessKey { ip, name, realm, uid }, Waiting { latest, .. }) in rows {
        // It may have gone meanwhile, or come back from a backup.
        let is_past = |account: &Account| {
            !account.is_deleted() && account.login_at.is_none_or(|at| at < latest.at)
        };
        if account_by_uid(tx, uid)?.as_ref().is_some_and(is_past) {
            account_logged_in(tx, uid, latest.at)?;
        }
        let attempt = Attempt {
            client_ip: ip,
            name,
            realm,
            status: AttemptStatus::Ok,
            user_agent: &latest.user_agent,
            banned: false,
            now: latest.at,
        };
        login_gathered(tx, &attempt)?;
        if let Some(trust) = &latest.trust {
            trust_put(tx, trust)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
