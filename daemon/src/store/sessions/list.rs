//! The list of sessions, as it is searched and read: what the database holds, and the uses that are
//! not yet written.

use std::collections::BTreeSet;

use super::column::Column;
use super::key::{SessionKey, SessionSearch};
use super::row::{select, session_row};
use crate::model::{Lifetime, Session};
use crate::session_index::PendingUses;
use crate::store::db::Db;
use crate::store::engine::{Collation, Ordered, Row, Statement, Value};
use crate::store::error::StoreError;
use crate::store::kind::Kind;
use crate::store::listing::{Reading, add_first};
use crate::store::visible::visible;

/// The sessions that meet a search.
pub(in crate::store) struct Sessions<'a> {
    pub(super) db: &'a Db,
    pub(super) search: &'a SessionSearch,
    pub(in crate::store) uses: &'a PendingUses,
    /// What a prefix is searched in by index.
    pub(super) columns: Vec<Column<'a>>,
}

/// A row as far as its place needs it.
pub(super) struct Place {
    pub(super) key: SessionKey,
    /// `last_active` as a number of seconds.
    pub(super) stored: i64,
    /// The last use, written or not.
    last_active: i64,
    expires: i64,
    timeout: i64,
    created: i64,
}

impl Place {
    /// The place by the use that is stored.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let stored = row.integer(0)?;
        let key = SessionKey {
            last_active: row.ordered(0)?,
            created_at: row.ordered(1)?,
            user_name: row.ordered(2)?,
            id: row.ordered(3)?,
        };
        let created = row.time(1)?.map_or(0, jiff::Timestamp::as_second);
        let (expires, timeout) = (row.integer(4)?, row.integer(5)?);
        Ok(Self { key, stored, last_active: stored, expires, timeout, created })
    }

    /// Puts it where a use at that second puts it.
    pub(super) fn use_at(&mut self, second: i64) {
        self.last_active = second;
        self.key.last_active = Ordered::Integer(second);
    }

    fn is_expired(&self, now: i64) -> bool {
        Lifetime {
            created: self.created,
            last_active: self.last_active,
            expires: self.expires,
            timeout: self.timeout,
        }
        .is_expired(now)
    }
}

/// How places are added.
struct Gathered<'a> {
    keys: BTreeSet<SessionKey>,
    after: Option<&'a SessionKey>,
    most: usize,
    reading: &'a mut Reading,
}

impl<'a> Sessions<'a> {
    pub(in crate::store) fn new(
        db: &'a Db,
        search: &'a SessionSearch,
        uses: &'a PendingUses,
    ) -> Self {
        // PhotoPrism's database lacks the indexes.
        let columns = match search {
            SessionSearch::Prefix { text, lower } if *db.kind() == Kind::Own => {
                Column::each([text, lower]).into()
            }
            _ => Vec::new(),
        };
        Self { db, search, uses, columns }
    }

    /// The place that a row has by its last use, written or not.
    pub(super) fn with_use(&self, mut place: Place) -> Place {
        let used = self.uses.last_use_of(&place.key.id.text());
        if let Some(used) = used.filter(|used| *used > place.stored) {
            place.use_at(used);
        }
        place
    }

    /// The places of all sessions that are somebody's or something's after `after`, the first `most`;
    /// `None` for other searches, or where `reading` ends.
    pub(super) fn gathered(
        &self,
        after: Option<&SessionKey>,
        most: usize,
        reading: &mut Reading,
    ) -> Result<Option<Vec<SessionKey>>, StoreError> {
        let mut into = Gathered { keys: BTreeSet::new(), after, most, reading };
        Ok(self.add_matches(&mut into)?.then(|| into.keys.into_iter().collect()))
    }

    /// The rows at these places, with their last uses.
    pub(super) fn rows_at(
        &self,
        keys: Vec<SessionKey>,
    ) -> Result<Vec<(SessionKey, Session)>, StoreError> {
        let statement = format!("{} WHERE u.id = ?1", select(&self.db.columns));
        let mut statement = self.db.prepare(Statement::same(&statement))?;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(mut session) = statement.one(&[(&key.id).into()], session_row)? {
                self.uses.apply_to(&mut session);
                found.push((key, session));
            }
        }
        Ok(found)
    }

    /// Whether commands see a session.
    pub(super) fn is_visible(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let columns = &self.db.columns;
        if !columns.keeps_ended() {
            return Ok(true);
        }
        let statement =
            format!("SELECT 1 FROM main.auth_sessions u WHERE u.id = ?1 AND {}", visible(columns));
        let mut statement = self.db.prepare(Statement::same(&statement))?;
        Ok(statement.one(&[(&key.id).into()], |_| Ok(()))?.is_some())
    }

    /// Whether a row that meets the condition matches with its last use.
    pub(super) fn matches(&self, place: &Place) -> bool {
        match self.search {
            SessionSearch::Expired(now) => place.is_expired(*now),
            _ => true,
        }
    }

    /// The condition for a row, and its values, which begin with the parameter `first`. It may be
    /// met by more sessions than are expired: [`matches`](Self::matches) decides.
    pub(super) fn condition(&self, first: usize) -> (String, Vec<Value<'_>>) {
        let has = |name| self.db.columns.has("auth_sessions", name);
        let column = |name| if has(name) { format!("u.{name}") } else { "NULL".to_owned() };
        match self.search {
            SessionSearch::Everything => ("1".into(), vec![]),
            SessionSearch::Expired(now) => (
                format!(
                    "((u.sess_expires > 0 AND u.sess_expires <= ?{first}) OR (u.sess_timeout > 0
                     AND ifnull(u.last_active, 0) + u.sess_timeout <= ?{first}))"
                ),
                vec![(*now).into()],
            ),
            SessionSearch::Id(id) => (format!("u.id = ?{first}"), vec![id.into()]),
            SessionSearch::RefId(id) => {
                (format!("{} = ?{first}", column("ref_id")), vec![id.into()])
            }
            SessionSearch::Uid(uid) => {
                let client = column("client_uid");
                (format!("(u.user_uid = ?{first} OR {client} = ?{first})"), vec![uid.into()])
            }
            SessionSearch::Prefix { .. } if !self.columns.is_empty() => self.comparison(first),
            SessionSearch::Prefix { text, lower } => {
                let [user, client] = ["user_name", "client_name"].map(column);
                let [user, client, provider] = [
                    (&*user, first + 1, Collation::Binary),
                    (&client, first, Collation::NoCase),
                    ("u.auth_provider", first + 1, Collation::Binary),
                ]
                .map(|(column, value, rule)| self.db.dialect().begins_with(column, value, rule));
                (format!("({user} OR {client} OR {provider})"), vec![text.into(), lower.into()])
            }
        }
    }

    /// The condition for a row that a prefix finds, and its values.
    fn comparison(&self, first: usize) -> (String, Vec<Value<'_>>) {
        let mut values = Vec::new();
        let mut conditions = Vec::new();
        for Column { range, .. } in &self.columns {
            let at = first + values.len();
            conditions.push(range.comparison([at, at + 1], self.db.dialect()));
            values.extend(range.values());
        }
        (format!("({})", conditions.join(" OR ")), values)
    }

    /// Whether there are the indexes of the daemon's own database.
    pub(super) fn is_own(&self) -> bool {
        *self.db.kind() == Kind::Own
    }

    /// What the list is sorted by, first to last. Two may be NULL, which would drop a row from
    /// every page. Names are in the order of their bytes, in which places are compared.
    pub(super) fn order(&self) -> [String; 4] {
        let created_at = "ifnull(u.created_at, '')";
        if self.is_own() {
            return ["u.last_active", created_at, "u.user_name", "u.id"].map(str::to_owned);
        }
        let has_name = self.db.columns.has("auth_sessions", "user_name");
        let user_name = if has_name { "ifnull(u.user_name, '')" } else { "''" };
        let user_name = self.db.dialect().by_bytes(user_name);
        ["ifnull(u.last_active, 0)".to_owned(), created_at.to_owned(), user_name, "u.id".to_owned()]
    }

    /// The columns that [`Place`] reads. All but one search find them in the index of the list.
    pub(super) fn places(&self) -> String {
        let ends = match self.search {
            SessionSearch::Expired(_) => "u.sess_expires, u.sess_timeout",
            _ => "0, 0",
        };
        format!("{}, {ends}", self.order().join(", "))
    }

    /// A statement for the places of rows that meet a condition.
    pub(super) fn statement(&self, which: &str) -> String {
        format!(
            "SELECT {} FROM main.auth_sessions u WHERE {which} AND {}",
            self.places(),
            visible(&self.db.columns)
        )
    }

    /// Adds the rows that meet a condition; false where there are too many.
    fn add(
        &self,
        which: &str,
        values: &[Value<'_>],
        into: &mut Gathered<'_>,
    ) -> Result<bool, StoreError> {
        let mut statement = self.db.prepare(Statement::same(&self.statement(which)))?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            if !into.reading.count() {
                return Ok(false);
            }
            let place = self.with_use(Place::read(&row)?);
            if into.after.is_none_or(|after| place.key > *after) && self.matches(&place) {
                add_first(&mut into.keys, place.key, into.most);
            }
        }
        Ok(true)
    }

    /// Adds all that match; false where no index finds them.
    fn add_matches(&self, into: &mut Gathered<'_>) -> Result<bool, StoreError> {
        let is_known = |column| self.db.columns.has("auth_sessions", column);
        match self.search {
            SessionSearch::Everything
            | SessionSearch::Expired(_)
            | SessionSearch::Prefix { .. } => Ok(false),
            SessionSearch::Id(id) => self.add("u.id = ?1", &[id.into()], into),
            SessionSearch::RefId(id) => {
                Ok(!is_known("ref_id") || self.add("u.ref_id = ?1", &[id.into()], into)?)
            }
            SessionSearch::Uid(uid) => Ok(self.add("u.user_uid = ?1", &[uid.into()], into)?
                && (!is_known("client_uid")
                    || self.add("u.client_uid = ?1", &[uid.into()], into)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::end::{IDLE, PAST_END, TIMEOUTS};
    use super::*;
    use crate::store::testing::{own, plan};

    #[test]
    fn what_is_gathered_is_found_by_index() {
        let (_directory, db) = own();
        let (search, uses) = (SessionSearch::Expired(7), PendingUses::default());
        let list = Sessions::new(&db, &search, &uses);
        for (which, index) in [
            ("u.id = ?1", "sqlite_autoindex_auth_sessions_1 (id=?)"),
            ("u.ref_id = ?1", "idx_auth_sessions_ref_id (ref_id=?)"),
            ("u.user_uid = ?1", "idx_auth_sessions_user_uid (user_uid=?)"),
            ("u.client_uid = ?1", "idx_auth_sessions_client_uid (client_uid=?)"),
            (PAST_END, "idx_auth_sessions_sess_expires (<expr><?)"),
            (IDLE, "idx_auth_sessions_idle (sess_timeout=? AND last_active<?)"),
        ] {
            let values = [1_i64.into(), 2_i64.into()];
            let values = if which.contains("?2") { &values[..] } else { &values[..1] };
            let plan = plan(&db, &list.statement(which), values);
            assert_eq!(plan, format!("SEARCH u USING INDEX {index}"), "{which}");
        }
        let plan = plan(&db, TIMEOUTS, &[0_i64.into()]);
        assert_eq!(
            plan,
            "SEARCH auth_sessions USING COVERING INDEX idx_auth_sessions_idle (sess_timeout>?)"
        );
    }
}
