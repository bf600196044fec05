//! Pages of sessions, most recently active first.

use rusqlite::{Row, ToSql};
use serde::{Deserialize, Serialize};

use super::row::{SELECT, session_row};
use crate::model::Session;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::rows::{integer, text};

/// Filter of the sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionSearch {
    /// Every session.
    Everything,
    /// Those that have expired, at these Unix seconds.
    Expired(i64),
    /// The session of that id.
    Id(String),
    /// The session of that reference id.
    RefId(String),
    /// The sessions of that account or client.
    Uid(String),
    /// A prefix of user name, client name or provider.
    Prefix {
        /// For the client's name, compared without regard to ASCII case.
        text: String,
        /// For user name and provider, which are stored in lower case.
        lower: String,
    },
}

/// The position of a session in the list; the id makes it unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionKey {
    last_active: i64,
    created_at: String,
    user_name: String,
    id: String,
}

impl SessionKey {
    /// The position of a row that [`SELECT`] reads: its columns as they are stored.
    fn of(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            last_active: integer(row, 11)?,
            created_at: text(row, 18)?,
            user_name: text(row, 3)?,
            id: text(row, 0)?,
        })
    }
}

/// A session expires at `sess_expires`, or so many seconds after its last use or creation.
const EXPIRED: &str = "((s.sess_expires > 0 AND s.sess_expires <= ?2) OR (s.sess_timeout > 0
     AND max(active, ifnull(unixepoch(s.created_at), 0)) + s.sess_timeout <= ?2))";

/// One page of sessions after `after`, each with its position.
pub fn sessions_page(
    db: &Db,
    search: &SessionSearch,
    after: Option<&SessionKey>,
    limit: usize,
) -> Result<Vec<(SessionKey, Session)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match search {
        SessionSearch::Everything => page(db, "1", &[], after, limit),
        SessionSearch::Expired(now) => page(db, EXPIRED, &[now], after, limit),
        SessionSearch::Id(id) => page(db, "s.id = ?2", &[id], after, limit),
        SessionSearch::RefId(id) => page(db, "s.ref_id = ?2", &[id], after, limit),
        SessionSearch::Uid(uid) => {
            page(db, "(s.user_uid = ?2 OR s.client_uid = ?2)", &[uid], after, limit)
        }
        SessionSearch::Prefix { text, lower } => {
            let which = "(substr(s.user_name, 1, length(?3)) = ?3
                 OR substr(s.client_name, 1, length(?2)) = ?2 COLLATE NOCASE
                 OR substr(s.auth_provider, 1, length(?3)) = ?3)";
            page(db, which, &[text, lower], after, limit)
        }
    }
}

fn page(
    db: &Db,
    which: &str,
    values: &[&dyn ToSql],
    after: Option<&SessionKey>,
    limit: i64,
) -> Result<Vec<(SessionKey, Session)>, StoreError> {
    let place = values.len() + 2;
    let behind = match after {
        None => "1".to_owned(),
        // Two keys descend and two ascend, so the row is compared key by key.
        Some(_) => format!(
            "(active, s.created_at) <= (?{place}, ?{})
             AND ((active, s.created_at) < (?{place}, ?{})
               OR (s.user_name, s.id) > (?{}, ?{}))",
            place + 1,
            place + 1,
            place + 2,
            place + 3
        ),
    };
    let statement = format!(
        "{} WHERE {which} AND {behind}
         ORDER BY active DESC, s.created_at DESC, s.user_name, s.id LIMIT ?1",
        SELECT.replace("temp.session_rows", "temp.listed_sessions")
    );
    let mut params: Vec<&dyn ToSql> = vec![&limit];
    params.extend_from_slice(values);
    if let Some(key) = after {
        params.extend::<[&dyn ToSql; 4]>([
            &key.last_active,
            &key.created_at,
            &key.user_name,
            &key.id,
        ]);
    }
    let mut statement = db.conn.prepare_cached(&statement)?;
    let rows = statement
        .query_map(&*params, |row| Ok((SessionKey::of(row)?, session_row(row)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
