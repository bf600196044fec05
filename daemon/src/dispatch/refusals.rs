//! What the limiter refused, added up and written once a second: a flood of attempts must not
//! become a flood of commits.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use super::app::App;
use crate::accounts::times;
use crate::error::CommandError;
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

    /// Whether one of that address and name waits, in whatever realm.
    pub(super) fn waits(&self, attempt: &Attempt) -> bool {
        let (ip, name) = (attempt.client_ip.as_str(), recorded_name(&attempt.name));
        self.0.borrow().keys().any(|(its_ip, its_name, _)| its_ip == ip && *its_name == name)
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

/// Writes down what waits, so that what is written next comes after it.
///
/// # Errors
/// The store's; what could not be written waits on.
pub async fn flush(app: &App, deadline: Duration) -> Result<(), CommandError> {
    let refusals = app.refusals.take();
    if refusals.is_empty() {
        return Ok(());
    }
    let now = times::to_stored(app.clock.now());
    let kept = refusals.clone();
    let work = move |tx: &Tx<'_>| Ok(write(tx, &refusals, &now)?);
    let written = app.store.write(deadline, work).await;
    if written.is_err() {
        app.refusals.put_back(kept);
    }
    written
}

/// Writes refusals down.
///
/// # Errors
/// The store's.
fn write(tx: &Tx<'_>, refusals: &[(Place, u64)], now: &str) -> Result<(), StoreError> {
    for ((client_ip, name, realm), count) in refusals {
        login_refused(tx, &Refusal { client_ip, name, realm, count: *count, now })?;
    }
    Ok(())
}
