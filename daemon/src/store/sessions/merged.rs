//! Sessions that several indexes find, some of them in the order of the list: of those no more are
//! read than a page holds.

use std::collections::BTreeSet;

use super::key::SessionKey;
use super::list::{Place, Sessions};
use super::pending::{Next, Pending};
use super::walk::{parts, statement};
use crate::store::engine::{Statement, Value};
use crate::store::error::StoreError;
use crate::store::listing::{Reading, add_first};

/// Sessions whose use is not yet written that are read at most.
const MOST_USED: usize = 2000;

/// What is found after a place, the first `most`.
pub(super) struct Merged<'a> {
    pub(super) list: &'a Sessions<'a>,
    pub(super) after: Option<&'a SessionKey>,
    pub(super) reading: &'a mut Reading,
    most: usize,
    /// Sessions whose use is not yet written, which are added at the end.
    pending: Pending<'a>,
    keys: BTreeSet<SessionKey>,
}

impl<'a> Merged<'a> {
    pub(super) fn new(
        list: &'a Sessions<'a>,
        after: Option<&'a SessionKey>,
        most: usize,
        reading: &'a mut Reading,
    ) -> Self {
        let pending = Pending::new(list, after, MOST_USED);
        Self { list, after, reading, most, pending, keys: BTreeSet::new() }
    }

    /// Adds all rows that meet a condition; false where there are too many.
    pub(super) fn add_all(
        &mut self,
        which: &str,
        values: &[Value<'_>],
    ) -> Result<bool, StoreError> {
        let statement = self.list.statement(which);
        let mut statement = self.list.db.prepare(Statement::sqlite(&statement))?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            if !self.reading.count() {
                return Ok(false);
            }
            let place = Place::read(&row)?;
            if self.after.is_none_or(|after| place.key > *after) && self.is_found(&place) {
                add_first(&mut self.keys, place.key, self.most);
            }
        }
        Ok(true)
    }

    /// Adds the rows after `after` that meet a condition, whose values begin with `?2` and which has an
    /// index in the order of the list, until one comes after all of a full page; false where there are
    /// too many.
    pub(super) fn add_in_order(
        &mut self,
        which: &str,
        values: &[Value<'_>],
        after: Option<&SessionKey>,
    ) -> Result<bool, StoreError> {
        for part in parts(self.list, after, 2 + values.len()) {
            let mut all = vec![i64::MAX.into()];
            all.extend_from_slice(values);
            all.extend(part.values(after));
            let statement = statement(self.list, &part, "1", which);
            let mut statement = self.list.db.prepare(Statement::sqlite(&statement))?;
            let mut rows = statement.query(&all)?;
            while let Some(row) = rows.next()? {
                if !self.reading.count() {
                    return Ok(false);
                }
                let place = Place::read(&row)?;
                let is_full = self.keys.len() == self.most;
                if is_full && self.keys.last().is_none_or(|last| place.key >= *last) {
                    return Ok(true);
                }
                if self.is_found(&place) {
                    add_first(&mut self.keys, place.key, self.most);
                }
            }
        }
        Ok(true)
    }

    fn is_found(&self, place: &Place) -> bool {
        !self.pending.holds(place) && self.list.matches(place)
    }

    /// All in order; `None` where too many uses are not yet written.
    pub(super) fn finish(mut self) -> Result<Option<Vec<SessionKey>>, StoreError> {
        let mut found = Vec::with_capacity(self.most);
        for key in self.keys {
            match self.pending.add_before(Some(&key), &mut found, self.most)? {
                Next::Row => found.push(key),
                Next::Full => {}
                Next::At(_) => return Ok(None),
            }
            if found.len() == self.most {
                return Ok(Some(found));
            }
        }
        let rest = self.pending.add_before(None, &mut found, self.most)?;
        Ok((!matches!(rest, Next::At(_))).then_some(found))
    }
}
