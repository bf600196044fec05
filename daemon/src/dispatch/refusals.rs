//! What the limiter refused, added up and written once a second: a flood of attempts must not
//! become a flood of commits.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::handlers::auth::Attempt;
use crate::store::{Refusal, StoreError, Tx, login_refused, recorded_name};

/// Most different rows that wait to be written; refusals beyond count on the row of their address.
const MOST: usize = 10_000;

type Place = (String, String, String);

/// Refusals that are not yet written.
#[derive(Debug, Default)]
pub struct Refusals(RefCell<HashMap<Place, u64>>);

impl Refusals {
    /// Counts one.
    pub(super) fn count(&self, attempt: &Attempt) {
        let mut waiting = self.0.borrow_mut();
        let ip = attempt.client_ip.as_str().to_owned();
        let name = if waiting.len() < MOST { recorded_name(&attempt.name) } else { "*".into() };
        *waiting.entry((ip, name, attempt.realm.clone())).or_default() += 1;
    }

    /// Takes what waits.
    #[must_use]
    pub fn take(&self) -> Vec<(Place, u64)> {
        self.0.take().into_iter().collect()
    }

    /// Puts back what could not be written.
    pub fn put_back(&self, refusals: Vec<(Place, u64)>) {
        let mut waiting = self.0.borrow_mut();
        for (place, count) in refusals.into_iter().take(MOST) {
            *waiting.entry(place).or_default() += count;
        }
    }
}

/// Writes refusals down.
///
/// # Errors
/// The store's.
pub fn write(tx: &Tx<'_>, refusals: &[(Place, u64)], now: &str) -> Result<(), StoreError> {
    for ((client_ip, name, realm), count) in refusals {
        login_refused(tx, &Refusal { client_ip, name, realm, count: *count, now })?;
    }
    Ok(())
}
