//! Sessions whose last use is not yet written, in the order of the list.

use std::collections::VecDeque;

use super::key::SessionKey;
use super::list::{Place, Sessions};
use crate::store::engine::Statement;
use crate::store::error::StoreError;

/// Uses that are taken at once, at least.
const TAKEN: usize = 32;

/// What is to be done next.
pub(super) enum Next {
    /// The row of the database comes next.
    Row,
    /// So many were found that the page is full.
    Full,
    /// Enough was read; the list goes on after this place.
    At(SessionKey),
}

/// The sessions that were used since their rows were written, after a place.
pub(super) struct Pending<'a> {
    list: &'a Sessions<'a>,
    after: Option<&'a SessionKey>,
    queue: VecDeque<SessionKey>,
    /// The latest second that was not yet taken.
    second: i64,
    /// The latest use when reading began: a session that is used meanwhile stays where it was.
    newest: i64,
    /// The earliest one then.
    oldest: Option<i64>,
    /// Rows that may still be read.
    left: usize,
}

impl<'a> Pending<'a> {
    pub(super) fn new(list: &'a Sessions<'a>, after: Option<&'a SessionKey>, rows: usize) -> Self {
        let newest = list.uses.latest(i64::MIN, i64::MAX, 1);
        let oldest = list.uses.oldest(1);
        Self {
            list,
            after,
            queue: VecDeque::new(),
            second: after.map_or(i64::MAX, |after| after.last_active.second()),
            newest: newest.first().map_or(i64::MIN, |(second, _)| *second),
            oldest: oldest.first().map(|used| used.last_active),
            left: rows,
        }
    }

    /// Whether none is left.
    pub(super) fn is_over(&self) -> bool {
        self.queue.is_empty() && self.oldest.is_none_or(|oldest| self.second < oldest)
    }

    /// Whether a row of the database is among these.
    pub(super) fn holds(&self, place: &Place) -> bool {
        let used = self.list.uses.last_use_of(&place.key.id.text());
        used.is_some_and(|used| used > place.stored && used <= self.newest)
    }

    /// Adds those that come before a row to `found`; all where there is none.
    pub(super) fn add_before(
        &mut self,
        row: Option<&SessionKey>,
        found: &mut Vec<SessionKey>,
        most: usize,
    ) -> Result<Next, StoreError> {
        let until = row.map_or(i64::MIN, |row| row.last_active.second());
        loop {
            if self.queue.is_empty() {
                if self.second < until || self.newest < until || self.newest == i64::MIN {
                    return Ok(Next::Row);
                }
                if self.left == 0 {
                    return Ok(Next::At(SessionKey::end_of(self.second.saturating_add(1))));
                }
                if !self.take(until)? {
                    return Ok(Next::Row);
                }
            }
            while let Some(first) = self.queue.front() {
                if row.is_some_and(|row| row < first) {
                    return Ok(Next::Row);
                }
                found.extend(self.queue.pop_front());
                if found.len() == most {
                    return Ok(Next::Full);
                }
            }
        }
    }

    /// Takes some seconds more; false where none is left.
    fn take(&mut self, until: i64) -> Result<bool, StoreError> {
        let taken = self.list.uses.latest(until, self.second, TAKEN);
        let Some((last, _)) = taken.last() else {
            self.second = until.saturating_sub(1);
            return Ok(false);
        };
        self.second = last.saturating_sub(1);
        self.left = self.left.saturating_sub(taken.len());
        let (condition, values) = self.list.condition(2);
        let statement = self.list.statement(&format!("u.id = ?1 AND {condition}"));
        let mut statement = self.list.db.prepare(Statement::same(&statement))?;
        let mut keys = Vec::with_capacity(taken.len());
        for (second, id) in &taken {
            let mut all = vec![id.into()];
            all.extend_from_slice(&values);
            let Some(mut place) = statement.one(&all, Place::read)? else { continue };
            place.use_at(*second);
            // One that is written already is where its row is.
            let is_newer = *second > place.stored;
            let follows = self.after.is_none_or(|after| place.key > *after);
            if is_newer && follows && self.list.matches(&place) {
                keys.push(place.key);
            }
        }
        keys.sort_unstable();
        self.queue.extend(keys);
        Ok(true)
    }
}
