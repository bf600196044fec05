//! Which entries are written when sessions of PhotoPrism's database end, how long they stay, and
//! what they hide.

use jiff::Timestamp;
use tempfile::TempDir;

use crate::model::{Effect, Session};
use crate::session_index::PendingUses;
use crate::store::attached;
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::sessions::delete_all_sessions;
use crate::store::testing::{own, photoprism};
use crate::store::{
    EndedState, SessionSearch, begin_ended_anew, counts, delete_session, empty_accounts,
    end_all_sessions, end_sessions, end_what_came_back, ended_ids, ended_state, forget_ended,
    move_ended, session_by_id, session_by_ref, session_insert, session_is_hidden, sessions_page,
    trim_logins,
};

/// Noon of a day; PhotoPrism holds a session for 900 s, and an entry stays 60 s longer.
pub(super) const NOW: i64 = 1_795_953_600;
const WINDOW: i64 = 960;

pub(super) fn photoprism_db() -> (TempDir, Db) {
    let (directory, mut db) = photoprism();
    attached::ready(&mut db).unwrap();
    (directory, db)
}

pub(super) fn id(number: u32) -> String {
    // A letter first: PhotoPrism's columns store number-like texts as numbers.
    format!("f{number:063x}")
}

fn text(at: i64) -> String {
    jiff::Timestamp::from_second(at).unwrap().strftime("%Y-%m-%d %H:%M:%S+00:00").to_string()
}

/// A session that was last used at that time and created long ago.
pub(super) fn session(number: u32, uid: &str, used: i64) -> Session {
    Session {
        id: id(number),
        ref_id: format!("sess{number:08}"),
        user_uid: uid.into(),
        user_name: format!("name of {uid}"),
        provider: "local".into(),
        method: "default".into(),
        grant: "password".into(),
        last_active: used,
        created_at: Timestamp::from_second(NOW - 100_000).ok(),
        ..Session::default()
    }
}

pub(super) fn app(number: u32, uid: &str, used: i64) -> Session {
    let provider = "application".into();
    Session { provider, grant: "cli".into(), ..session(number, uid, used) }
}

pub(super) fn child(number: u32, parent: u32, uid: &str) -> Session {
    Session { method: "session".into(), auth_id: id(parent), ..app(number, uid, NOW - 50_000) }
}

pub(super) fn insert(db: &Db, rows: &[Session]) {
    let tx = Tx::new(db);
    for row in rows {
        session_insert(&tx, row).unwrap();
    }
}

/// As PhotoPrism writes a session back.
pub(super) fn write_back(db: &Db, row: &Session) {
    db.sqlite()
        .unwrap()
        .execute(
            "INSERT INTO auth_sessions (id, ref_id, user_uid, user_name, auth_provider,
               auth_method, auth_id, sess_expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, -1)",
            [
                &row.id,
                &row.ref_id,
                &row.user_uid,
                &row.user_name,
                &row.provider,
                &row.method,
                &row.auth_id,
            ],
        )
        .unwrap();
}

pub(super) fn entries(db: &Db) -> Vec<u32> {
    let mut ids: Vec<u32> = ended_ids(db, 1000)
        .unwrap()
        .iter()
        .map(|id| u32::from_str_radix(&id[1..], 16).unwrap())
        .collect();
    ids.sort_unstable();
    ids
}

pub(super) fn rows(db: &Db) -> i64 {
    db.sqlite()
        .unwrap()
        .query_row("SELECT count(*) FROM auth_sessions", [], |row| row.get(0))
        .unwrap()
}

fn again(db: &Db, now: i64) -> (usize, Vec<Effect>) {
    let tx = Tx::new(db);
    let ended = end_what_came_back(&tx, "", now, 500).unwrap();
    if ended == 0 {
        forget_ended(&tx, now).unwrap();
    }
    (ended, tx.take_effects())
}

/// Entries, whether something came back, and whether one is over.
fn state(db: &Db, now: i64) -> (u64, bool, bool) {
    let state = ended_state(db, now, "").unwrap();
    assert_eq!(state.next, None, "one piece");
    (state.entries, state.back, state.over)
}

#[test]
fn only_sessions_that_photoprism_may_hold_get_entries() {
    let (_directory, db) = photoprism_db();
    insert(&db, &[session(1, "u1", NOW - WINDOW), session(2, "u1", NOW - WINDOW - 1)]);
    for (number, column) in [(3, "login_at"), (4, "created_at"), (5, "updated_at")] {
        for (number, at) in [(number, NOW - WINDOW), (number + 10, NOW - WINDOW - 1)] {
            insert(&db, &[session(number, "u1", 0)]);
            let all = "UPDATE auth_sessions SET created_at = ?2, updated_at = ?2 WHERE id = ?1";
            db.sqlite().unwrap().execute(all, [&id(number), &text(NOW - 100_000)]).unwrap();
            let one = format!("UPDATE auth_sessions SET {column} = ?2 WHERE id = ?1");
            // A fraction, as PhotoPrism's driver writes it.
            let at = text(at).replace('+', ".5+");
            db.sqlite().unwrap().execute(&one, [&id(number), &at]).unwrap();
        }
    }
    insert(&db, &[session(30, "u2", NOW)]);
    let tx = Tx::new(&db);
    assert_eq!(end_all_sessions(&tx, "u1", NOW).unwrap(), 8);
    assert_eq!(entries(&db), [1, 3, 4, 5]);
    let ids = vec![id(1), id(3), id(4), id(5)];
    assert_eq!(tx.take_effects(), [Effect::IdsEnded(ids)]);
    assert_eq!(rows(&db), 1);
}

#[test]
fn children_are_entered_with_their_parent() {
    let (_directory, db) = photoprism_db();
    insert(&db, &[app(1, "u1", NOW), child(2, 1, "u1"), app(3, "u1", 0), child(4, 3, "u1")]);
    assert_eq!(delete_session(&Tx::new(&db), &id(1), NOW).unwrap(), 2);
    assert_eq!(entries(&db), [1, 2]);
    // App passwords stay, sessions created from them end.
    db.sqlite().unwrap().execute("UPDATE auth_sessions SET last_active = ?1", [NOW]).unwrap();
    assert_eq!(end_sessions(&Tx::new(&db), "u1", NOW).unwrap(), 1);
    assert_eq!(entries(&db), [1, 2, 4]);
    assert!(session_by_id(&db, &id(3)).unwrap().is_some());
}

#[test]
fn every_way_to_end_sessions_enters() {
    type End = fn(&Tx<'_>) -> u64;
    let ways: [(&str, End); 6] = [
        ("end_sessions", |tx| end_sessions(tx, "u1", NOW).unwrap()),
        ("end_all_sessions", |tx| end_all_sessions(tx, "u1", NOW).unwrap()),
        ("delete_session", |tx| delete_session(tx, &id(1), NOW).unwrap()),
        ("delete_all_sessions", |tx| delete_all_sessions(tx, NOW).unwrap()),
        ("trim_logins", |tx| trim_logins(tx, "u1", 0, NOW).unwrap().len() as u64),
        ("empty_accounts", |tx| {
            empty_accounts(tx, Timestamp::from_second(NOW).unwrap(), || Ok::<_, StoreError>(()))
                .unwrap()
                .sessions
        }),
    ];
    for (name, end) in ways {
        let (_directory, db) = photoprism_db();
        insert(&db, &[session(1, "u1", NOW)]);
        let tx = Tx::new(&db);
        assert_eq!(end(&tx), 1, "{name}");
        assert_eq!((entries(&db), rows(&db)), (vec![1], 0), "{name}");
        assert_eq!(tx.take_effects(), [Effect::IdsEnded(vec![id(1)])], "{name}");
    }
}

#[test]
fn sessions_that_come_back_are_hidden_at_once_and_ended_again() {
    let (_directory, db) = photoprism_db();
    let parent = app(1, "u1", NOW);
    insert(&db, &[parent.clone(), session(9, "u1", NOW)]);
    delete_session(&Tx::new(&db), &id(1), NOW).unwrap();
    write_back(&db, &parent);
    write_back(&db, &child(2, 1, "u1"));
    for number in [1, 2] {
        assert_eq!(session_by_id(&db, &id(number)).unwrap(), None);
        assert!(session_is_hidden(&db, &id(number)).unwrap());
    }
    assert_eq!(session_by_ref(&db, "sess00000001").unwrap(), None);
    assert!(!session_is_hidden(&db, &id(9)).unwrap() && !session_is_hidden(&db, &id(7)).unwrap());
    let uses = PendingUses::default();
    let page = sessions_page(&db, &SessionSearch::Everything, None, 100, &uses).unwrap();
    assert_eq!(page.rows.len(), 1);
    let of_account = SessionSearch::Uid("u1".into());
    assert_eq!(sessions_page(&db, &of_account, None, 10, &uses).unwrap().rows.len(), 1);
    assert_eq!(counts(&db).unwrap().sessions, 1);
    assert_eq!(rows(&db), 3);
    assert_eq!(state(&db, NOW + 5), (1, true, false));
    let (ended, effects) = again(&db, NOW + 5);
    assert_eq!((ended, rows(&db), entries(&db)), (2, 1, vec![1, 2]));
    let came_back = |effect: &&Effect| matches!(effect, Effect::CameBack(_));
    assert_eq!(effects.iter().filter(came_back).count(), 2);
    assert!(!format!("{effects:?}").contains("saved_row"));
    assert_eq!(state(&db, NOW + 5), (2, false, false));
    assert_eq!(again(&db, NOW + 5).0, 0, "nothing twice");
    // Its own entry keeps the child ended after the parent's has expired.
    db.sqlite()
        .unwrap()
        .execute("DELETE FROM admin.admin_ended WHERE session_id = ?1", [id(1)])
        .unwrap();
    write_back(&db, &child(2, 1, "u1"));
    assert_eq!(again(&db, NOW + 6).0, 1);
}

#[test]
fn an_end_counts_what_is_there_and_not_what_came_back() {
    let (_directory, db) = photoprism_db();
    let one = session(1, "u1", NOW);
    insert(&db, &[one.clone(), session(2, "u1", NOW)]);
    delete_session(&Tx::new(&db), &id(1), NOW).unwrap();
    write_back(&db, &one);
    let tx = Tx::new(&db);
    assert_eq!(end_all_sessions(&tx, "u1", NOW + 100).unwrap(), 1);
    let came = |effect: &Effect| matches!(effect, Effect::CameBack(_));
    assert_eq!(tx.take_effects().iter().filter(|effect| came(effect)).count(), 1);
    let seen = "SELECT min(seen_at) FROM admin.admin_ended";
    let seen: i64 = db.sqlite().unwrap().query_row(seen, [], |row| row.get(0)).unwrap();
    assert_eq!(seen, NOW + 100, "each begins anew");
}

#[test]
fn an_entry_is_over_once_its_session_was_not_seen_for_long_enough() {
    let (_directory, db) = photoprism_db();
    let one = session(1, "u1", NOW);
    insert(&db, std::slice::from_ref(&one));
    delete_session(&Tx::new(&db), &id(1), NOW).unwrap();
    assert!(!state(&db, NOW + WINDOW - 1).2);
    write_back(&db, &one);
    assert_eq!(again(&db, NOW + 900).0, 1);
    assert_eq!(again(&db, NOW + 900 + WINDOW - 1), (0, vec![Effect::IdsReleased(vec![])]));
    assert_eq!(entries(&db), [1]);
    // A session that comes back just before its entry expires restarts it.
    write_back(&db, &one);
    assert_eq!(again(&db, NOW + 900 + WINDOW).0, 1);
    assert!(state(&db, NOW + 900 + 2 * WINDOW).2);
    assert_eq!(again(&db, NOW + 900 + 2 * WINDOW), (0, vec![Effect::IdsReleased(vec![id(1)])]));
    assert_eq!(entries(&db), Vec::<u32>::new());
    write_back(&db, &one);
    assert!(session_by_id(&db, &id(1)).unwrap().is_some(), "it is one like any other");
}

#[test]
fn no_clock_makes_an_entry_immortal_or_ends_it_at_once() {
    let (_directory, db) = photoprism_db();
    insert(&db, &[session(1, "u1", NOW)]);
    delete_session(&Tx::new(&db), &id(1), NOW).unwrap();
    // The clock jumps a year ahead while the daemon runs: the entry is moved.
    let year = 365 * 86400;
    move_ended(&Tx::new(&db), year).unwrap();
    assert!(!state(&db, NOW + year + WINDOW - 1).2);
    // And across a restart.
    begin_ended_anew(&Tx::new(&db), NOW + 2 * year).unwrap();
    assert!(!state(&db, NOW + 2 * year + WINDOW - 1).2);
    // Back again: it waits for the clock, as PhotoPrism does, but some hours at most.
    assert!(state(&db, NOW).2);
    assert_eq!(again(&db, NOW).0, 0);
    assert_eq!(entries(&db), [1]);
    assert!(!state(&db, NOW).2);
    again(&db, NOW + 6 * 3600 + WINDOW);
    assert_eq!(entries(&db), Vec::<u32>::new());
}

#[test]
fn sessions_that_the_daemon_restores_have_no_entry() {
    let (_directory, db) = photoprism_db();
    let one = app(1, "u1", NOW);
    insert(&db, std::slice::from_ref(&one));
    delete_session(&Tx::new(&db), &id(1), NOW).unwrap();
    // A running PhotoPrism wrote it back meanwhile: that row is deleted.
    write_back(&db, &Session { user_name: "old".into(), ..one.clone() });
    let tx = Tx::new(&db);
    session_insert(&tx, &one).unwrap();
    assert_eq!(tx.take_effects(), [Effect::IdsReleased(vec![id(1)])]);
    let row = session_by_id(&db, &id(1)).unwrap().unwrap();
    assert_eq!((row.user_name, entries(&db)), (one.user_name, vec![]));
}

#[test]
fn a_flood_that_comes_back_is_reported_in_short() {
    let (_directory, db) = photoprism_db();
    let all: Vec<Session> = (1..=250).map(|number| session(number, "u1", NOW)).collect();
    insert(&db, &all);
    delete_all_sessions(&Tx::new(&db), NOW).unwrap();
    for row in &all {
        write_back(&db, row);
    }
    let tx = Tx::new(&db);
    assert_eq!(end_what_came_back(&tx, "", NOW, 200).unwrap(), 200, "no more than asked for");
    let effects = tx.take_effects();
    let reported = effects.iter().filter(|effect| matches!(effect, Effect::CameBack(_))).count();
    assert_eq!(reported, 100);
    assert!(effects.contains(&Effect::MoreCameBack(100)));
    assert_eq!((again(&db, NOW).0, rows(&db)), (50, 0));
    let records = "SELECT count(*) FROM admin_audit WHERE command = 'daemon.end_again'";
    let records: i64 = db.sqlite().unwrap().query_row(records, [], |row| row.get(0)).unwrap();
    assert_eq!(records, 250, "each has its record");
}

/// Many entries are checked batch by batch.
#[test]
fn every_batch_of_entries_is_checked() {
    let (_directory, db) = photoprism_db();
    db.begin().unwrap();
    let all: Vec<Session> = (1..=4100).map(|number| session(number, "u1", NOW)).collect();
    insert(&db, &all);
    delete_all_sessions(&Tx::new(&db), NOW).unwrap();
    for back in [0, 2100, 4099] {
        write_back(&db, &all[back]);
    }
    db.commit().unwrap();
    let (mut after, mut found) = (String::new(), Vec::new());
    loop {
        let state = ended_state(&db, NOW, &after).unwrap();
        assert_eq!((state.entries, state.back, state.over), (4100, true, false));
        found.push(end_what_came_back(&Tx::new(&db), &after, NOW, 500).unwrap());
        let Some(next) = state.next else { break };
        after = next;
    }
    assert_eq!((found, rows(&db)), (vec![1, 1, 1], 0));
}

/// Between a check and the removal of an entry PhotoPrism may have written the row again.
#[test]
fn an_entry_whose_row_is_there_is_not_over() {
    let (_directory, db) = photoprism_db();
    let one = app(1, "u1", NOW);
    insert(&db, std::slice::from_ref(&one));
    delete_session(&Tx::new(&db), &id(1), NOW).unwrap();
    for row in [one, child(2, 1, "u1")] {
        write_back(&db, &row);
        forget_ended(&Tx::new(&db), NOW + WINDOW).unwrap();
        assert_eq!(entries(&db), [1], "{row:?}");
        db.sqlite().unwrap().execute("DELETE FROM auth_sessions", []).unwrap();
    }
    forget_ended(&Tx::new(&db), NOW + WINDOW).unwrap();
    assert_eq!(entries(&db), Vec::<u32>::new());
}

#[test]
fn the_daemon_s_own_database_has_no_entries() {
    let (_directory, db) = own();
    insert(&db, &[session(1, "u1", NOW)]);
    let tx = Tx::new(&db);
    assert_eq!(end_all_sessions(&tx, "u1", NOW).unwrap(), 1);
    assert_eq!(tx.take_effects(), []);
    assert_eq!(ended_ids(&db, 10).unwrap(), Vec::<String>::new());
    assert_eq!(ended_state(&db, NOW, "").unwrap(), EndedState::default());
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'admin_ended'";
    assert_eq!(db.sqlite().unwrap().query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

/// Most of 200,000 sessions are not affected: a reset adds a few entries, in one statement.
#[test]
#[ignore = "long: 200000 sessions"]
fn a_reset_of_200_000_sessions_enters_a_few() {
    let (_directory, db) = photoprism_db();
    db.sqlite()
        .unwrap()
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
             INSERT INTO auth_sessions (id, ref_id, user_uid, auth_id, last_active, login_at,
               created_at, updated_at)
             SELECT printf('f%063x', i), 's', 'u' || (i / 2), '', ?1 - 10 * i, ?2, ?2, ?2 FROM n",
            rusqlite::params![NOW, text(NOW - 100_000)],
        )
        .unwrap();
    let watch = crate::clock::Stopwatch::start();
    delete_all_sessions(&Tx::new(&db), NOW).unwrap();
    let took = watch.elapsed();
    assert_eq!(entries(&db).len(), 96);
    assert!(took.as_secs() < 3, "{took:?}");
    report(took);
}

#[expect(clippy::print_stderr, reason = "a figure for people")]
fn report(took: std::time::Duration) {
    eprintln!("ending 200,000 sessions took {took:?}");
}
