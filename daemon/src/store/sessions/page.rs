//! Pages of sessions, most recently active first.

use super::expired::expired;
use super::key::{SessionKey, SessionSearch};
use super::list::Sessions;
use super::prefix::with_prefix;
use super::walk::walk;
use crate::model::Session;
use crate::session_index::PendingUses;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::listing::{self, BOUNDS, Bounds, Found, List, Reading, Walked};

/// One page of at most `limit` sessions after `after`, with the uses that are not yet written.
pub fn sessions_page(
    db: &Db,
    search: &SessionSearch,
    after: Option<&SessionKey>,
    limit: usize,
    uses: &PendingUses,
) -> Result<Found<SessionKey, Session>, StoreError> {
    page_within(&Sessions::new(db, search, uses), after, limit, BOUNDS)
}

/// The same with other bounds.
pub(in crate::store) fn page_within(
    list: &Sessions<'_>,
    after: Option<&SessionKey>,
    limit: usize,
    bounds: Bounds,
) -> Result<Found<SessionKey, Session>, StoreError> {
    listing::page(list, after, limit, bounds)
}

impl List for Sessions<'_> {
    type Key = SessionKey;
    type Row = Session;

    fn gather(
        &self,
        after: Option<&SessionKey>,
        most: usize,
        reading: &mut Reading,
    ) -> Result<Option<Vec<SessionKey>>, StoreError> {
        match self.search {
            // PhotoPrism's database lacks the indexes.
            SessionSearch::Prefix { .. } if self.is_own() => {
                with_prefix(self, after, most, reading)
            }
            SessionSearch::Expired(now) if self.is_own() => {
                expired(self, *now, after, most, reading)
            }
            _ => self.gathered(after, most, reading),
        }
    }

    fn walk(
        &self,
        after: Option<&SessionKey>,
        rows: usize,
        found: &mut Vec<SessionKey>,
        most: usize,
    ) -> Result<Walked<SessionKey>, StoreError> {
        walk(self, after, rows, found, most)
    }

    fn rows(&self, keys: Vec<SessionKey>) -> Result<Vec<(SessionKey, Session)>, StoreError> {
        self.rows_at(keys)
    }
}
