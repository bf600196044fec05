//! The sessions that a prefix finds, by the indexes of the daemon's own database. A user name has few
//! sessions and a client's name or a provider may have all of them, so the sessions of each value of
//! those are read in the order of the list, and no more of them than a page holds.

use super::column::Column;
use super::key::SessionKey;
use super::list::Sessions;
use super::merged::Merged;
use crate::store::engine::{Dialect, Ordered, Statement, Value};
use crate::store::error::StoreError;
use crate::store::listing::Reading;

const SESSIONS: &str = "main.auth_sessions u";

/// The places of all that match after `after`, the first `most` in order; `None` where there are too
/// many to gather, or where `reading` ends.
pub(super) fn with_prefix(
    list: &Sessions<'_>,
    after: Option<&SessionKey>,
    most: usize,
    reading: &mut Reading,
) -> Result<Option<Vec<SessionKey>>, StoreError> {
    let mut merged = Merged::new(list, after, most, reading);
    for column in &list.columns {
        if !column.add_to(&mut merged)? {
            return Ok(None);
        }
    }
    merged.finish()
}

impl Column<'_> {
    /// Statements for its first value, and for the one after `?1`.
    fn next_value(&self, list: &Sessions<'_>) -> [String; 2] {
        let dialect = list.db.dialect();
        let (name, rule) = (self.name, Dialect::rule(self.collation));
        [">=", ">"].map(|operator| {
            let which = self.range.from(operator, dialect);
            format!(
                "SELECT {name} FROM {SESSIONS} WHERE {which}
                 ORDER BY {name} COLLATE {rule} LIMIT 1"
            )
        })
    }

    /// Its values that begin with the prefix, those that the collation takes for one once; `None`
    /// where there are more than `most`.
    fn values(&self, list: &Sessions<'_>, most: usize) -> Result<Option<Vec<Ordered>>, StoreError> {
        if !self.is_ordered {
            return Ok(None);
        }
        let [prefix, end] = self.range.values();
        let [first, next] = self.next_value(list);
        let one = |statement: &str, from: Value<'_>| {
            list.db
                .prepare(Statement::sqlite(statement))?
                .one(&[from, end, prefix], |row| row.ordered(0))
        };
        let mut found = Vec::new();
        let mut value = one(&first, prefix)?;
        while let Some(last) = value {
            if found.len() == most {
                return Ok(None);
            }
            value = one(&next, (&last).into())?;
            found.push(last);
        }
        Ok(Some(found))
    }

    /// The condition for the rows of one value, `?2`.
    fn is_value(&self) -> String {
        format!("{} = ?2 COLLATE {}", self.name, Dialect::rule(self.collation))
    }

    /// Adds what matches; false where there is too much.
    fn add_to(&self, merged: &mut Merged<'_>) -> Result<bool, StoreError> {
        let list = merged.list;
        let Some(values) = self.values(list, merged.reading.values)? else {
            return self.add_range_to(merged);
        };
        for value in &values {
            if !merged.add_in_order(&self.is_value(), &[value.into()], merged.after)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// All rows that match. They are counted before, which takes a fraction of the time.
    fn add_range_to(&self, merged: &mut Merged<'_>) -> Result<bool, StoreError> {
        let db = merged.list.db;
        if self.range.exceeds(merged.reading.left, SESSIONS, db)? {
            return Ok(false);
        }
        merged.add_all(&self.range.condition(db.dialect()), &self.range.values())
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
    fn each_column_is_read_by_its_index_alone() {
        let (_directory, db) = own();
        let (text, lower) = ("a".to_owned(), "a".to_owned());
        let search = SessionSearch::Prefix { text, lower };
        let uses = PendingUses::default();
        let list = Sessions::new(&db, &search, &uses);
        let [end, three] = [Value::from("b"), 3.into()];
        for column in &list.columns {
            let name = column.name.trim_start_matches("u.");
            let index = format!("INDEX idx_auth_sessions_{name} ({name}>? AND {name}<?)");
            let range = list.statement(&column.range.condition(db.dialect()));
            let values = ["a".into(), end];
            assert_eq!(plan(&db, &range, &values), format!("SEARCH u USING {index}"));
            let counted =
                plan(&db, &column.range.count(SESSIONS, db.dialect()), &["a".into(), end, three]);
            assert!(counted.contains(&format!("SEARCH u USING COVERING {index}")), "{counted}");
            for next in column.next_value(&list) {
                let found = plan(&db, &next, &["a".into(), end, "a".into()]);
                assert_eq!(found, format!("SEARCH u USING COVERING {index}"), "{next}");
            }
        }
    }

    #[test]
    fn the_sessions_of_a_value_are_read_in_the_order_of_the_list() {
        let (_directory, db) = own();
        let (search, uses) = (SessionSearch::Everything, PendingUses::default());
        let list = Sessions::new(&db, &search, &uses);
        let after = SessionKey::end_of(7);
        for column in Column::each(["a", "a"]).iter().filter(|column| column.is_ordered) {
            let name = column.name.trim_start_matches("u.");
            let all = parts(&list, Some(&after), 3).into_iter().chain(parts(&list, None, 3));
            for part in all {
                let mut values = vec![Value::from(1_i64), "a".into()];
                values.extend(part.values(Some(&after)));
                let statement = statement(&list, &part, "1", &column.is_value());
                let found = plan(&db, &statement, &values);
                // Those of one second are few, and may be sorted in the other index.
                let index = match part.keys {
                    0 | 1 => format!("INDEX idx_auth_sessions_{name} ({name}=?"),
                    _ => "COVERING INDEX idx_auth_sessions_last_active (last_active=?".into(),
                };
                assert!(found.starts_with(&format!("SEARCH u USING {index}")), "{found}");
                assert!(!found.contains("TEMP B-TREE FOR ORDER BY"), "{found}");
            }
        }
    }

    #[test]
    fn a_page_of_a_client_or_provider_reads_no_more_sessions_than_it_holds() {
        let (_directory, db) = own();
        // Of four, one each of two clients whose names are one for the search, never used.
        db.sqlite()
            .unwrap()
            .execute_batch(
                "WITH RECURSIVE n (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM n WHERE n < 1999)
                 INSERT INTO auth_sessions (id, client_name, auth_provider, last_active)
                 SELECT printf('%064x', n), iif(n % 4 < 2, iif(n % 4, 'Phone', 'PHONE'), ''),
                   iif(n % 4 < 2, 'application', 'local'), iif(n % 4 < 2, 0, n) FROM n",
            )
            .unwrap();
        let uses = PendingUses::default();
        for (text, values, left, found) in
            [("pho", 1, 11, 10), ("appl", 1, 11, 10), ("pho", 0, 999, 0), ("pho", 0, 1000, 10)]
        {
            let search = SessionSearch::Prefix { text: text.into(), lower: text.into() };
            let list = Sessions::new(&db, &search, &uses);
            let mut reading = Reading::of(left, values);
            let keys = with_prefix(&list, None, 10, &mut reading).unwrap();
            assert_eq!(keys.map_or(0, |keys| keys.len()), found, "{text} {values} {left}");
        }
    }
}
