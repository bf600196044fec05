//! Expired sessions, by the indexes of the daemon's own database: those of each day on which sessions
//! end, and those of each time that sessions may go unused, in the order of the list.

use super::end::{PAST_END, timeouts};
use super::key::SessionKey;
use super::list::Sessions;
use super::merged::Merged;
use crate::store::engine::{Ordered, Statement, Value};
use crate::store::error::StoreError;
use crate::store::listing::Reading;

/// The first day after `?1` on which sessions end, up to that of the instant `?2`.
const NEXT_DAY: &str = "SELECT u.sess_expires / 86400 FROM main.auth_sessions u
     WHERE u.sess_expires > 0 AND u.sess_expires / 86400 > ?1 AND u.sess_expires / 86400 <= ?2 / 86400
     ORDER BY u.sess_expires / 86400 LIMIT 1";

/// Sessions whose end came on the day `?2`, at `?3` at the latest.
const ON_DAY: &str = "u.sess_expires > 0 AND u.sess_expires / 86400 = ?2 AND u.sess_expires <= ?3";

/// The places of all that are expired at `now` after `after`, the first `most` in order; `None` where
/// there are too many to gather, or where `reading` ends.
pub(super) fn expired(
    list: &Sessions<'_>,
    now: i64,
    after: Option<&SessionKey>,
    most: usize,
    reading: &mut Reading,
) -> Result<Option<Vec<SessionKey>>, StoreError> {
    let mut merged = Merged::new(list, after, most, reading);
    let is_whole = match days(list, now, merged.reading.values)? {
        Some(days) => past_end(&mut merged, &days, now)?,
        None => merged.add_all(PAST_END, &[now.into()])?,
    };
    if !is_whole || !idle(&mut merged, now)? {
        return Ok(None);
    }
    merged.finish()
}

/// The days on which sessions ended until `now`; `None` where there are more than `most`.
fn days(list: &Sessions<'_>, now: i64, most: usize) -> Result<Option<Vec<Ordered>>, StoreError> {
    let mut statement = list.db.prepare(Statement::sqlite(NEXT_DAY))?;
    let mut next = |day: Value<'_>| statement.one(&[day, now.into()], |row| row.ordered(0));
    let mut found = Vec::new();
    let mut day = next((-1_i64).into())?;
    while let Some(last) = day {
        if found.len() == most {
            return Ok(None);
        }
        day = next((&last).into())?;
        found.push(last);
    }
    Ok(Some(found))
}

fn past_end(merged: &mut Merged<'_>, days: &[Ordered], now: i64) -> Result<bool, StoreError> {
    for day in days {
        if !merged.add_in_order(ON_DAY, &[day.into(), now.into()], merged.after)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Those that were not used for too long.
fn idle(merged: &mut Merged<'_>, now: i64) -> Result<bool, StoreError> {
    for timeout in timeouts(merged.list.db)? {
        let last = now.saturating_sub(timeout);
        // The range of the index begins where the page does, or where they are unused for long enough:
        // of two bounds SQLite would take either.
        let after = merged.after.filter(|after| after.last_active.second() <= last);
        let values = [timeout.into(), last.into()];
        if !merged.add_in_order(unused_since(after.is_some()), &values, after)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Sessions that end after `?2` seconds without use, and were used at `?3` at the latest.
const fn unused_since(is_narrower: bool) -> &'static str {
    if is_narrower {
        "u.sess_timeout = ?2 AND +u.last_active <= ?3"
    } else {
        "u.sess_timeout = ?2 AND u.last_active <= ?3"
    }
}

#[cfg(test)]
mod tests {
    use super::super::SessionSearch;
    use super::super::walk::{parts, statement};
    use super::*;
    use crate::session_index::PendingUses;
    use crate::store::testing::{own, plan};

    #[test]
    fn expired_sessions_are_read_in_the_order_of_the_list() {
        let (_directory, db) = own();
        let (search, uses) = (SessionSearch::Expired(7), PendingUses::default());
        let list = Sessions::new(&db, &search, &uses);
        let found = plan(&db, NEXT_DAY, &[1_i64.into(), 2_i64.into()]);
        let index = "INDEX idx_auth_sessions_sess_expires (<expr>>? AND <expr><?)";
        assert_eq!(found, format!("SEARCH u USING COVERING {index}"));
        let after = SessionKey::end_of(7);
        for (which, after, index) in [
            (ON_DAY, None, "sess_expires (<expr>=?)"),
            (ON_DAY, Some(&after), "sess_expires (<expr>=? AND last_active<?)"),
            (unused_since(false), None, "idle (sess_timeout=? AND last_active<?)"),
            (unused_since(true), Some(&after), "idle (sess_timeout=? AND last_active<?)"),
        ] {
            // Those of the same second are few, and read in any order.
            for part in parts(&list, after, 4).iter().filter(|part| part.keys < 2) {
                let mut values = vec![Value::from(1_i64), 2_i64.into(), 3_i64.into()];
                values.extend(part.values(after));
                let found = plan(&db, &statement(&list, part, "1", which), &values);
                let expected = format!("SEARCH u USING INDEX idx_auth_sessions_{index}");
                assert!(found.starts_with(&expected), "{which}: {found}");
                assert!(!found.contains("TEMP B-TREE FOR ORDER BY"), "{which}: {found}");
            }
        }
    }

    #[test]
    fn a_page_of_expired_sessions_reads_no_more_of_a_day_than_it_holds() {
        let (_directory, db) = own();
        // Of 3000, a third ends on each of two days, and a third is unused for too long.
        db.sqlite()
            .unwrap()
            .execute_batch(
                "WITH RECURSIVE n (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM n WHERE n < 2999)
                 INSERT INTO auth_sessions (id, last_active, sess_expires, sess_timeout)
                 SELECT printf('%064x', n), 100000 + n, iif(n % 3 < 2, (n % 3 + 2) * 86400, 0),
                   iif(n % 3 = 2, 3600, 0) FROM n",
            )
            .unwrap();
        let (now, uses) = (300_000, PendingUses::default());
        let search = SessionSearch::Expired(now);
        let list = Sessions::new(&db, &search, &uses);
        for (values, left, found) in [(2, 33, 10), (2, 9, 0), (0, 1999, 0), (0, 3000, 10)] {
            let mut reading = Reading::of(left, values);
            let keys = expired(&list, now, None, 10, &mut reading).unwrap();
            assert_eq!(keys.map_or(0, |keys| keys.len()), found, "{values} {left}");
        }
    }
}
