//! What the limiter refused, added up and written once a second: a flood of attempts must not
//! become a flood of commits.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::error::CommandError;
use crate::store::{
    REFUSED_NAME, REFUSED_REALM, Refusal, Store, StoreError, Tx, login_refused, recorded_name,
};

/// Most different rows that wait to be written; refusals beyond count on the row of their address.
const MOST: usize = 10_000;

/// Most rows of addresses that wait beyond those. Refusals of still other addresses are in the log
/// and in the metrics alone.
const MOST_ADDRESSES: usize = 10_000;

/// Which row of the record counts a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RefusalKey {
    ip: String,
    name: String,
    realm: String,
}

/// Refusals that are not yet written.
#[derive(Debug, Default)]
pub(crate) struct RefusalBuffer(RefCell<HashMap<RefusalKey, u64>>);

impl RefusalBuffer {
    /// Counts one more of that address, name and realm.
    pub(crate) fn count(&self, ip: &str, name: &str, realm: &str) {
        let (ip, realm) = (ip.to_owned(), realm.to_owned());
        self.add(RefusalKey { ip, name: recorded_name(name), realm }, 1);
    }

    fn add(&self, place: RefusalKey, count: u64) {
        let mut waiting = self.0.borrow_mut();
        if waiting.len() < MOST || waiting.contains_key(&place) {
            *waiting.entry(place).or_default() += count;
            return;
        }
        let (name, realm) = (REFUSED_NAME.to_owned(), REFUSED_REALM.to_owned());
        let place = RefusalKey { ip: place.ip, name, realm };
        if waiting.len() < MOST + MOST_ADDRESSES || waiting.contains_key(&place) {
            *waiting.entry(place).or_default() += count;
        }
    }

    /// Whether one of that address and name waits, in whatever realm.
    pub(crate) fn contains(&self, ip: &str, name: &str) -> bool {
        let waiting = self.0.borrow();
        if waiting.is_empty() {
            return false;
        }
        let name = recorded_name(name);
        waiting.keys().any(|key| key.ip == ip && key.name == name)
    }

    /// Takes what waits.
    pub(crate) fn take(&self) -> Vec<(RefusalKey, u64)> {
        self.0.take().into_iter().collect()
    }

    /// Puts back what could not be written.
    pub(crate) fn restore(&self, refusals: Vec<(RefusalKey, u64)>) {
        for (place, count) in refusals {
            self.add(place, count);
        }
    }

    /// Writes what waits, so that what is written next comes after it.
    ///
    /// # Errors
    /// The store's; what could not be written keeps waiting.
    pub(crate) async fn flush(
        &self,
        store: &Store,
        now: Timestamp,
        deadline: Duration,
    ) -> Result<(), CommandError> {
        let refusals = self.take();
        if refusals.is_empty() {
            return Ok(());
        }
        let kept = refusals.clone();
        let work = move |tx: &Tx<'_>| write(tx, &refusals, now);
        let written = store.write(deadline, work).await;
        if written.is_err() {
            self.restore(kept);
        }
        Ok(written?)
    }
}

fn write(tx: &Tx<'_>, refusals: &[(RefusalKey, u64)], now: Timestamp) -> Result<(), StoreError> {
    for (RefusalKey { ip, name, realm }, count) in refusals {
        login_refused(tx, &Refusal { client_ip: ip, name, realm, count: *count, now })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: usize, name: &str, realm: &str) -> RefusalKey {
        RefusalKey {
            ip: format!("192.0.2.{number}"),
            name: name.to_owned(),
            realm: realm.to_owned(),
        }
    }

    /// Names, realms and addresses beyond any number, and a database that takes none.
    #[test]
    fn what_waits_has_a_bound_whatever_differs() {
        let refusals = RefusalBuffer::default();
        for number in 0..MOST {
            refusals.add(place(1, &format!("name{number}"), "api"), 1);
        }
        for number in 0..100_000 {
            refusals.add(place(number, "bob", &format!("realm{number}")), 1);
            refusals.add(place(2, &format!("{number}"), &format!("realm{number}")), 1);
        }
        refusals.add(place(1, "name7", "api"), 1);
        let taken = refusals.take();
        assert_eq!(taken.len(), MOST + MOST_ADDRESSES);
        let count =
            |wanted: &RefusalKey| taken.iter().find(|(place, _)| place == wanted).unwrap().1;
        assert_eq!(count(&place(1, "name7", "api")), 2, "what waits counts on");
        assert_eq!(count(&place(2, REFUSED_NAME, REFUSED_REALM)), 100_001);
        refusals.restore(taken.clone());
        refusals.restore(taken);
        assert!(refusals.take().len() <= MOST + MOST_ADDRESSES);
    }
}
