//! Pages of accounts compared with a model that checks every row.

use proptest::prelude::*;
use rusqlite::params;

use super::fixture::StoreFixture;
use crate::store::accounts_search::page_within;
use crate::store::db::Db;
use crate::store::listing::{BOUNDS, Bounds};
use crate::store::{AccountPage, AccountSearch};

#[derive(Clone, Debug)]
struct Account {
    id: i64,
    name: String,
    email: String,
    display: String,
    deleted: bool,
}

/// Few characters, so that prefixes collide: both cases, both wildcards, the ends of the ASCII
/// letters, letters whose case SQLite does not know.
const LETTERS: &str = "[azAZ%_@\\[äÄ\u{10FFFF}]";

fn texts() -> impl Strategy<Value = (String, String, String)> {
    let text = || proptest::string::string_regex(&format!("{LETTERS}{{0,4}}")).unwrap();
    (text(), text(), text())
}

fn accounts() -> impl Strategy<Value = Vec<Account>> {
    let one = (texts(), any::<bool>());
    proptest::collection::vec(one, 0..24).prop_map(|rows| {
        let ids = (-2..).filter(|id| *id != 0);
        rows.into_iter()
            .zip(ids)
            .map(|(((name, email, display), deleted), id)| Account {
                id,
                name: name.to_lowercase(),
                email: email.to_lowercase(),
                display,
                deleted,
            })
            .collect()
    })
}

fn fill(db: &Db, rows: &[Account]) {
    db.sqlite().unwrap().execute_batch("DELETE FROM auth_users").unwrap();
    let statement = "INSERT INTO auth_users (id, user_uid, user_name, user_email, display_name,
        deleted_at) VALUES (?1, 'uid' || ?1, ?2, ?3, ?4, ?5)";
    for row in rows {
        let deleted = row.deleted.then_some("2026-01-01 00:00:00+00:00");
        let values = params![row.id, row.name, row.email, row.display, deleted];
        db.sqlite().unwrap().execute(statement, values).unwrap();
    }
}

fn matches(row: &Account, search: &AccountSearch) -> bool {
    match search {
        AccountSearch::People => row.id > 0,
        AccountSearch::Everybody => true,
        AccountSearch::Number(id, name) => row.id == *id || (row.id > 0 && row.name == *name),
        AccountSearch::Uid(uid) => *uid == format!("uid{}", row.id),
        AccountSearch::Prefix { lower, display } => {
            let folded = |text: &str| text.to_ascii_lowercase();
            row.id > 0
                && (row.name.starts_with(lower)
                    || row.email.starts_with(lower)
                    || folded(&row.display).starts_with(&folded(display)))
        }
    }
}

fn expected(rows: &[Account], search: &AccountSearch, page: AccountPage) -> Vec<i64> {
    rows.iter()
        .filter(|row| row.id > page.after && (page.deleted || !row.deleted))
        .filter(|row| matches(row, search))
        .map(|row| row.id)
        .take(page.limit)
        .collect()
}

fn searches() -> impl Strategy<Value = AccountSearch> {
    let prefix = proptest::string::string_regex(&format!("{LETTERS}{{1,3}}")).unwrap();
    prop_oneof![
        1 => Just(AccountSearch::People),
        1 => Just(AccountSearch::Everybody),
        1 => (-3..24_i64).prop_map(|id| AccountSearch::Number(id, "a".into())),
        1 => (-3..24_i64).prop_map(|id| AccountSearch::Uid(format!("uid{id}"))),
        6 => prefix.prop_map(|text| AccountSearch::Prefix { lower: text.to_lowercase(), display: text }),
    ]
}

/// The ids of a page, and where it ended if that was early.
fn found(
    db: &Db,
    search: &AccountSearch,
    page: AccountPage,
    bounds: Bounds,
) -> (Vec<i64>, Option<i64>) {
    let found = page_within(db, search, page, bounds).unwrap();
    (
        found.rows.into_iter().map(|(id, row)| (id == row.id).then_some(id).unwrap()).collect(),
        found.rest,
    )
}

thread_local! {
    static DB: (StoreFixture, Db) = {
        let place = StoreFixture::new();
        let db = place.own();
        // The model is only about the search; a sync for each row would be slow.
        db.sqlite().unwrap().execute_batch("PRAGMA synchronous = off").unwrap();
        (place, db)
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_page_is_what_looking_at_every_row_gives(
        rows in accounts(),
        search in searches(),
        (after, limit, deleted) in (-4..20_i64, 1..8_usize, any::<bool>()),
    ) {
        DB.with(|(_, db)| {
            fill(db, &rows);
            let page = AccountPage { after, limit, deleted };
            for bounds in Bounds::each() {
                let (ids, rest) = found(db, &search, page, bounds);
                let all = expected(&rows, &search, page);
                let before: Vec<i64> =
                    all.into_iter().filter(|id| rest.is_none_or(|rest| *id <= rest)).collect();
                prop_assert_eq!(ids, before, "{:?}", bounds);
                prop_assert!(rest.is_none_or(|rest| rest > page.after && bounds.time.is_zero()));
            }
            Ok(())
        })?;
    }
}

fn prefix(text: &str) -> AccountSearch {
    AccountSearch::Prefix { lower: text.to_lowercase(), display: text.into() }
}

fn person(id: i64, name: &str, display: &str) -> Account {
    let (email, deleted) = (String::new(), false);
    Account { id, name: name.into(), email, display: display.into(), deleted }
}

#[test]
fn display_names_are_found_in_either_ascii_case_and_wildcards_are_letters() {
    let rows = [
        person(1, "one", "Zoë"),
        person(2, "two", "100% sure"),
        person(3, "three", "Ärger"),
        person(4, "snake_case", "jazZ"),
        person(5, "five", "[five]"),
    ];
    DB.with(|(_, db)| {
        fill(db, &rows);
        let page = AccountPage { after: i64::MIN, limit: 10, deleted: false };
        for (text, ids) in [
            ("Z", &[1][..]),
            ("z", &[1]),
            ("ZOË", &[]),
            ("ZOë", &[1]),
            ("JAZZ", &[4]),
            ("%", &[]),
            ("_", &[]),
            ("100%", &[2]),
            ("1_0", &[]),
            ("snake_", &[4]),
            ("snakeX", &[]),
            ("Är", &[3]),
            ("är", &[]),
            // Its successor is `A`, which is compared as `a`: `[` is below.
            ("@", &[]),
            ("[", &[5]),
        ] {
            for bounds in [BOUNDS, Bounds { gather: 0, walk: 1, ..BOUNDS }] {
                assert_eq!(found(db, &prefix(text), page, bounds).0, ids, "{text}");
            }
        }
    });
}
