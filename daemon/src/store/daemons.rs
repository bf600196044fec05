//! Which daemons work on a schema, by their marks.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::db::Db;
use super::engine::Statement;
use super::error::StoreError;
use super::mark::{Daemon, MARKS};

/// Seconds for which a daemon that wrote is named.
const RECENT: i64 = 60 * 60;

/// Hosts that are named at most.
const MOST_HOSTS: usize = 100;

/// The hosts whose daemons wrote within the last hour, in the order of their names; of very many,
/// those that wrote last. None with a file.
pub fn daemons(db: &Db) -> Result<Vec<Daemon>, StoreError> {
    if db.server.is_none() || !db.columns.has_table("admin_meta") {
        return Ok(Vec::new());
    }
    let found = db.all(Statement::same(MARKS), &[], |row| {
        let now = row.integer(2)?;
        Ok(Daemon::of(&row.text(1)?).filter(|daemon| now - daemon.last_write_at <= RECENT))
    })?;
    let mut latest = BTreeMap::new();
    for Daemon { host, last_write_at } in found.into_iter().flatten() {
        let known = latest.entry(host).or_insert(last_write_at);
        *known = last_write_at.max(*known);
    }
    let mut latest: Vec<Daemon> =
        latest.into_iter().map(|(host, last_write_at)| Daemon { host, last_write_at }).collect();
    latest.sort_by_key(|daemon| Reverse(daemon.last_write_at));
    latest.truncate(MOST_HOSTS);
    latest.sort_by(|a, b| a.host.cmp(&b.host));
    Ok(latest)
}
