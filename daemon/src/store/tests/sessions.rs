//! Pages of sessions compared with a model that sorts every row by its last use, written or not.

use std::cmp::Reverse;

use proptest::prelude::*;
use rusqlite::params;

use crate::model::Lifetime;
use crate::session_index::PendingUses;
use crate::store::SessionSearch;
use crate::store::db::{Db, Tx};
use crate::store::listing::{Bounds, Found};
use crate::store::sessions::{Sessions, page_within, sweep_sessions};
use crate::store::testing::{own, photoprism};

/// Noon of a day.
const NOON: i64 = 1_795_953_600;

#[derive(Clone, Debug)]
struct Row {
    id: String,
    ref_id: String,
    uid: String,
    name: String,
    client: String,
    provider: String,
    last_active: i64,
    used: Option<i64>,
    expires: i64,
    timeout: i64,
    /// Seconds before noon; 0 is NULL.
    created: i64,
}

impl Row {
    fn active(&self) -> i64 {
        self.last_active.max(self.used.unwrap_or(0))
    }

    fn created_at(&self) -> Option<String> {
        (self.created > 0).then(|| format!("2026-11-29 11:59:{:02}+00:00", 60 - self.created))
    }

    fn order(&self) -> impl Ord + use<> {
        let created_at = self.created_at().unwrap_or_default();
        (Reverse(self.active()), Reverse(created_at), self.name.clone(), self.id.clone())
    }

    fn matches(&self, search: &SessionSearch) -> bool {
        let begins = |value: &str, text: &str| {
            value.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
        };
        match search {
            SessionSearch::Everything => true,
            SessionSearch::Expired(now) => {
                let (expires, timeout) = (self.expires, self.timeout);
                let created = if self.created > 0 { NOON - self.created } else { 0 };
                Lifetime { created, last_active: self.active(), expires, timeout }.is_expired(*now)
            }
            SessionSearch::Id(id) => self.id == *id,
            SessionSearch::RefId(id) => self.ref_id == *id,
            SessionSearch::Uid(uid) => self.uid == *uid,
            SessionSearch::Prefix { text, lower } => {
                self.name.starts_with(lower)
                    || begins(&self.client, text)
                    || self.provider.starts_with(lower)
            }
        }
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let second = || prop_oneof![Just(0), NOON - 4..NOON];
    let texts = ("[ab]{0,2}", "[aB]{0,2}", prop_oneof![Just("local"), Just("application")]);
    let ends = (
        prop_oneof![Just(0), Just(-1), NOON - 2..NOON + 3, Just(NOON - 200_000)],
        0..5_i64,
        0..4_i64,
    );
    let one = (texts, ends, second(), proptest::option::of(NOON - 3..NOON + 2));
    proptest::collection::vec(one, 0..24).prop_map(|rows| {
        let numbered = rows.into_iter().enumerate();
        numbered
            .map(|(number, (texts, ends, last_active, used))| {
                let ((name, client, provider), (expires, timeout, created)) = (texts, ends);
                Row {
                    // A letter, since PhotoPrism's columns store texts of digits as numbers.
                    id: format!("f{:063x}", number * 7919 % 31),
                    ref_id: format!("sess{number:08}"),
                    uid: format!("u{}", number % 3),
                    name,
                    client,
                    provider: provider.into(),
                    last_active,
                    used,
                    expires,
                    timeout,
                    created,
                }
            })
            .collect()
    })
}

fn searches() -> impl Strategy<Value = SessionSearch> {
    prop_oneof![
        2 => Just(SessionSearch::Everything),
        3 => (NOON - 3..NOON + 4).prop_map(SessionSearch::Expired),
        1 => (0..24_usize).prop_map(|number| SessionSearch::Id(format!("f{number:063x}"))),
        1 => (0..24_usize).prop_map(|number| SessionSearch::RefId(format!("sess{number:08}"))),
        1 => (0..4_usize).prop_map(|number| SessionSearch::Uid(format!("u{number}"))),
        3 => "[aAbBl]{1,2}".prop_map(|text| {
            SessionSearch::Prefix { lower: text.to_lowercase(), text }
        }),
    ]
}

fn fill(db: &Db, rows: &[Row]) -> PendingUses {
    db.sqlite().unwrap().execute_batch("DELETE FROM auth_sessions").unwrap();
    let statement = "INSERT INTO auth_sessions (id, ref_id, user_uid, user_name, client_name,
        auth_provider, last_active, sess_expires, sess_timeout, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let uses = PendingUses::default();
    for row in rows {
        let Row { id, ref_id, uid, name, client, provider, .. } = row;
        let Row { last_active, expires, timeout, .. } = row;
        let created_at = row.created_at();
        let values = params![
            id,
            ref_id,
            uid,
            name,
            client,
            provider,
            last_active,
            expires,
            timeout,
            created_at
        ];
        db.sqlite().unwrap().execute(statement, values).unwrap();
        if let Some(used) = row.used {
            let id: [u8; 32] =
                data_encoding::HEXLOWER.decode(id.as_bytes()).unwrap().try_into().unwrap();
            uses.note(&id, Some("192.0.2.9"), used);
        }
    }
    uses
}

/// Every page of a list, as its ids.
fn paged(list: &Sessions<'_>, limit: usize, bounds: Bounds) -> Vec<String> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let found = page_within(list, after.as_ref(), limit + 1, bounds).unwrap();
        let Found { mut rows, rest } = found;
        let more = rows.len() > limit;
        rows.truncate(limit);
        for (key, session) in &rows {
            let used = list.uses.last_use_of(&session.id);
            assert!(used.is_none_or(|used| session.last_active >= used), "{key:?}");
            assert_eq!(used.is_some(), session.client_ip == "192.0.2.9");
        }
        let next = if more { rows.last().map(|(key, _)| key.clone()) } else { rest };
        assert!(next.is_none() || next > after, "each page comes further: {next:?}");
        ids.extend(rows.into_iter().map(|(_, session)| session.id));
        if next.is_none() {
            return ids;
        }
        after = next;
    }
}

thread_local! {
    static DATABASES: [(tempfile::TempDir, Db); 2] = {
        let databases = [own(), photoprism()];
        for (_, db) in &databases {
            // The model is only about lists; a sync for each row would be slow.
            db.sqlite().unwrap().execute_batch("PRAGMA synchronous = off").unwrap();
        }
        databases
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn pages_hold_every_session_once_in_the_order_of_its_last_use(
        rows in rows(),
        search in searches(),
        limit in 1..6_usize,
    ) {
        DATABASES.with(|databases| {
            for (_, db) in databases {
                let uses = fill(db, &rows);
                let mut all: Vec<&Row> = rows.iter().filter(|row| row.matches(&search)).collect();
                all.sort_by_key(|row| row.order());
                let all: Vec<&str> = all.into_iter().map(|row| &*row.id).collect();
                let list = Sessions::new(db, &search, &uses);
                for bounds in Bounds::each() {
                    prop_assert_eq!(
                        &paged(&list, limit, bounds), &all, "{:?} {:?}", db.kind(), bounds
                    );
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_sweep_takes_what_has_expired_and_was_not_used(
        rows in rows(),
        now in NOON - 3..NOON + 4,
        most in 1..6_u32,
    ) {
        DATABASES.with(|[(_, db), _]| {
            let uses = fill(db, &rows);
            let expired = SessionSearch::Expired(now);
            let unused = rows.iter().filter(|row| row.used.is_none() && row.matches(&expired));
            let mut expected: Vec<&str> = unused.map(|row| &*row.id).collect();
            let mut swept = Vec::new();
            loop {
                let step = sweep_sessions(&Tx::new(db), now, most, &uses).unwrap();
                let is_last = step.len() < most as usize;
                swept.extend(step);
                if is_last {
                    break;
                }
            }
            swept.sort();
            expected.sort_unstable();
            prop_assert_eq!(swept, expected);
            Ok(())
        })?;
    }
}
