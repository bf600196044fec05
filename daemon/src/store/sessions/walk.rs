//! Reads the list of sessions in its order: the rows of the database, and between them those that
//! were used since.

use super::ended::hidden_sessions;
use super::key::SessionKey;
use super::list::{Place, Sessions};
use super::pending::{Next, Pending};
use crate::store::engine::{Statement, Value};
use crate::store::error::StoreError;
use crate::store::listing::Walked;
use crate::store::prefix::flag;

/// Uses and hidden sessions for which a page of PhotoPrism's database reads more rows at once.
const MOST_USED: usize = 500;

/// A part of the list.
pub(super) struct Part {
    condition: String,
    /// How many values of a place the condition has.
    pub(super) keys: usize,
}

impl Part {
    /// The values of a place that its condition compares.
    pub(super) fn values<'a>(&self, after: Option<&'a SessionKey>) -> Vec<Value<'a>> {
        let Some(SessionKey { last_active, created_at, user_name, id }) = after else {
            return Vec::new();
        };
        let key = [last_active, created_at, user_name, id];
        key.into_iter().take(self.keys).map(Value::from).collect()
    }
}

/// Reads about `rows` rows after `after`, and adds those that match to `found` until it holds
/// `most`. Without an index the database sorts all that match, so it returns as many as are wanted.
pub(super) fn walk(
    list: &Sessions<'_>,
    after: Option<&SessionKey>,
    rows: usize,
    found: &mut Vec<SessionKey>,
    most: usize,
) -> Result<Walked<SessionKey>, StoreError> {
    let hidden = usize::try_from(hidden_sessions(list.db)?).unwrap_or(MOST_USED);
    let wanted = most - found.len() + list.uses.len().saturating_add(hidden).min(MOST_USED);
    let rows = if list.is_own() { rows } else { wanted };
    let mut pending = Pending::new(list, after, rows.max(MOST_USED));
    let mut read = 0;
    let (condition, values) = list.condition(2);
    for part in parts(list, after, 2 + values.len()) {
        let mut all = vec![(rows - read).into()];
        all.extend_from_slice(&values);
        all.extend(part.values(after));
        // Where there is an index the rows between are read here, so that somebody counts them.
        let (meets, which) = if list.is_own() { (&*condition, "1") } else { ("1", &*condition) };
        let statement = statement(list, &part, meets, which);
        let mut statement = list.db.prepare(Statement::same(&statement))?;
        let mut found_rows = statement.query(&all)?;
        while let Some(row) = found_rows.next()? {
            read += 1;
            let meets = row.flag(6)?;
            if !meets && read < rows && pending.is_over() {
                continue;
            }
            let place = Place::read(&row)?;
            match pending.add_before(Some(&place.key), found, most)? {
                Next::Row => {}
                Next::Full => return Ok(Walked::Done),
                Next::At(place) => return Ok(Walked::At(place)),
            }
            let is_found = meets && !pending.holds(&place) && list.matches(&place);
            if is_found && list.is_visible(&place.key)? {
                found.push(place.key.clone());
            }
            if found.len() == most {
                return Ok(Walked::Done);
            }
            if read == rows {
                return Ok(Walked::At(place.key));
            }
        }
    }
    Ok(match pending.add_before(None, found, most)? {
        Next::Row | Next::Full => Walked::Done,
        Next::At(place) => Walked::At(place),
    })
}

/// A statement for the rows of a part that meet `which`, `?1` at most, with whether each `meets` the
/// other condition. Which of them are hidden is asked for those of the page alone: for each of all
/// rows it would take as long as a third of the rest.
pub(super) fn statement(list: &Sessions<'_>, part: &Part, meets: &str, which: &str) -> String {
    let [last_active, created_at, user_name, id] = list.order();
    let order = match part.keys {
        // SQLite does not see that an expression has one value alone.
        4 if list.is_own() => format!("{user_name}, {id}"),
        _ => format!("{last_active} DESC, {created_at} DESC, {user_name}, {id}"),
    };
    let which_part = &part.condition;
    format!(
        "SELECT {}, {} FROM main.auth_sessions u WHERE {which_part} AND {which}
         ORDER BY {order} LIMIT ?1",
        list.places(),
        flag(meets)
    )
}

/// What comes after a place, each part in the order of the list; `value` is the number of the first
/// value. Two of the keys descend and two ascend, so no comparison of whole keys is a range of the
/// index.
pub(super) fn parts(list: &Sessions<'_>, after: Option<&SessionKey>, value: usize) -> Vec<Part> {
    let [last_active, created_at, user_name, id] = list.order();
    let [one, two, three, four] = [value, value + 1, value + 2, value + 3];
    let part = |keys, condition| Part { condition, keys };
    match after {
        None => vec![part(0, "1".into())],
        Some(_) if list.is_own() => vec![
            part(
                4,
                format!(
                    "{last_active} = ?{one} AND {created_at} = ?{two}
                     AND ({user_name}, {id}) > (?{three}, ?{four})"
                ),
            ),
            part(2, format!("{last_active} = ?{one} AND {created_at} < ?{two}")),
            part(1, format!("{last_active} < ?{one}")),
        ],
        Some(_) => vec![part(
            4,
            format!(
                "({last_active}, {created_at}) <= (?{one}, ?{two})
                 AND (({last_active}, {created_at}) < (?{one}, ?{two})
                   OR ({user_name}, {id}) > (?{three}, ?{four}))"
            ),
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session_index::PendingUses;
    use crate::store::sessions::SessionSearch;
    use crate::store::testing::{own, plan};

    #[test]
    fn the_list_is_read_along_its_index() {
        let (_directory, db) = own();
        let uses = PendingUses::default();
        let everything = SessionSearch::Everything;
        let list = Sessions::new(&db, &everything, &uses);
        let after = SessionKey::end_of(7);
        let plans = parts(&list, Some(&after), 2).into_iter().chain(parts(&list, None, 2));
        let plans: Vec<String> = plans
            .map(|part| {
                let key = [1_i64.into(), 7_i64.into(), "".into(), "".into(), "".into()];
                plan(&db, &statement(&list, &part, "1", "1"), &key[..=part.keys])
            })
            .collect();
        let index = "COVERING INDEX idx_auth_sessions_last_active";
        assert_eq!(
            plans,
            [
                format!(
                    "SEARCH u USING {index} (last_active=? AND <expr>=? AND (user_name,id)>(?,?))"
                ),
                format!("SEARCH u USING {index} (last_active=? AND <expr><?)"),
                format!("SEARCH u USING {index} (last_active<?)"),
                format!("SCAN u USING {index}"),
            ]
        );
    }
}
