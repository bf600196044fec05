use rusqlite::Connection;

use super::super::testing::{own, photoprism};
use super::super::times::format_stored;
use super::super::{Db, LoginFilter, LoginPage, LoginRow, logins_page};
use super::*;

const NOON: Timestamp = Timestamp::constant(1_795_521_600, 0);
const LATER: Timestamp = Timestamp::constant(1_795_521_630, 0);
const LAST: Timestamp = Timestamp::constant(1_795_521_660, 0);

const WRONG: AttemptStatus<'_> = AttemptStatus::Failed { reason: "wrong password", error: "" };

fn attempt<'a>(name: &'a str, status: AttemptStatus<'a>, now: Timestamp) -> Attempt<'a> {
    let (client_ip, realm, user_agent) = ("192.0.2.1", "api", "agent");
    Attempt { client_ip, name, realm, status, user_agent, banned: false, now }
}

fn refusal(name: &str, count: u64, now: Timestamp) -> Refusal<'_> {
    Refusal { client_ip: "192.0.2.1", name, realm: "api", count, now }
}

fn rows(db: &Db) -> Vec<LoginRow> {
    let page = LoginPage { after: None, limit: 1000 };
    let found = logins_page(db, &LoginFilter::default(), &page).unwrap();
    found.rows.into_iter().map(|(_, row)| row).collect()
}

fn only(db: &Db) -> LoginRow {
    let mut rows = rows(db);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

#[test]
fn failures_count_up_until_a_success() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    let failed = AttemptStatus::Failed { reason: "failed", error: "no such mailbox" };
    login_record(&tx, &attempt("Bob ", failed, NOON)).unwrap();
    let expected = LoginRow {
        client_ip: "192.0.2.1".into(),
        name: "bob".into(),
        realm: "api".into(),
        status: "failed".into(),
        error: "no such mailbox".into(),
        repeated: 1,
        user_agent: "agent".into(),
        failed_at: Some(NOON),
        updated_at: Some(NOON),
        position: only(&db).position,
        ..LoginRow::default()
    };
    assert_eq!(only(&db), expected);

    login_record(&tx, &Attempt { banned: true, ..attempt("bob", WRONG, LATER) }).unwrap();
    let row = only(&db);
    assert_eq!((row.repeated, row.status.as_str(), row.error.as_str()), (2, "wrong password", ""));
    assert_eq!((row.failed_at, row.banned_at), (Some(LATER), Some(LATER)));

    login_record(&tx, &attempt("BOB", WRONG, LAST)).unwrap();
    let row = only(&db);
    assert_eq!((row.repeated, row.failed_at), (3, Some(LAST)));
    assert_eq!(row.banned_at, Some(LATER), "a ban stands until a success");

    login_record(&tx, &attempt("bob", AttemptStatus::Ok, LAST)).unwrap();
    let row = only(&db);
    assert_eq!((row.status.as_str(), row.error.as_str(), row.repeated), ("OK", "", 0));
    assert_eq!((row.login_at, row.banned_at), (Some(LAST), None));
    assert_eq!(row.failed_at, Some(LAST), "the last failure stays");

    login_record(&tx, &attempt("bob", WRONG, LAST)).unwrap();
    let row = only(&db);
    assert_eq!((row.repeated, row.login_at), (1, Some(LAST)));
    let created: String = db
        .sqlite()
        .unwrap()
        .query_row("SELECT created_at FROM audit_logins", [], |row| row.get(0))
        .unwrap();
    assert_eq!(created, format_stored(NOON));
}

#[test]
fn a_first_success_has_no_failure() {
    let (_directory, db) = own();
    login_record(&Tx::new(&db), &attempt("bob", AttemptStatus::Ok, NOON)).unwrap();
    let row = only(&db);
    assert_eq!((row.login_at, row.failed_at, row.repeated), (Some(NOON), None, 0));
}

#[test]
fn texts_are_cut_between_characters() {
    let (_directory, db) = own();
    let (long, name) = ("ä".repeat(2000), "Ä".repeat(100));
    let status = AttemptStatus::Failed { reason: &long, error: &long };
    let long_attempt = Attempt { realm: &long, user_agent: &long, ..attempt(&name, status, NOON) };
    login_record(&Tx::new(&db), &long_attempt).unwrap();
    login_record(&Tx::new(&db), &long_attempt).unwrap();
    let row = only(&db);
    let chars = [&row.name, &row.realm, &row.status, &row.error, &row.user_agent]
        .map(|t| t.chars().count());
    assert_eq!(chars, [64, 64, 32, 512, 512]);
    assert_eq!(row.name, "ä".repeat(64));
    assert_eq!(row.repeated, 2);
    assert_eq!(cut("äöü", 0), "");
    assert_eq!(cut("äöü", 3), "äöü");
}

#[test]
fn each_address_name_and_realm_has_its_own_row() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    let bob = attempt("bob", WRONG, NOON);
    for other in [
        bob,
        Attempt { client_ip: "192.0.2.2", ..bob },
        Attempt { name: "alice", ..bob },
        Attempt { realm: "webdav", ..bob },
    ] {
        login_record(&tx, &other).unwrap();
    }
    assert_eq!(rows(&db).len(), 4);
}

#[test]
fn refusals_count_on_the_row_that_is_there() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    login_record(&tx, &attempt("bob", AttemptStatus::Ok, NOON)).unwrap();
    login_record(&tx, &Attempt { realm: "web", ..attempt("bob", WRONG, LATER) }).unwrap();
    login_refused(&tx, &refusal("BOB", 5, LAST)).unwrap();
    let rows = rows(&db);
    let api = rows.iter().find(|row| row.realm == "api").unwrap();
    assert_eq!((api.status.as_str(), api.repeated), ("rate limited", 5));
    assert_eq!((api.failed_at, api.banned_at), (Some(LAST), Some(LAST)));
    assert_eq!((api.updated_at, api.login_at), (Some(LAST), Some(NOON)));
    let web = rows.iter().find(|row| row.realm == "web").unwrap();
    assert_eq!((web.repeated, web.banned_at), (1, None));

    // Without a row of that realm, the latest of the name counts.
    login_refused(&tx, &Refusal { realm: "webdav", ..refusal("bob", 1, LAST) }).unwrap();
    assert_eq!(self::rows(&db).iter().map(|row| row.repeated).sum::<u64>(), 7);
}

#[test]
fn refusals_of_names_without_a_row_share_one() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    for number in 0..5 {
        let name = format!("made-up-{number}");
        let realm = format!("realm-{number}");
        login_refused(&tx, &Refusal { realm: &realm, ..refusal(&name, 10, LATER) }).unwrap();
    }
    let row = only(&db);
    assert_eq!((row.name.as_str(), row.status.as_str(), row.repeated), ("*", "rate limited", 50));
    assert_eq!((row.failed_at, row.banned_at), (Some(LATER), Some(LATER)));
    login_refused(&tx, &Refusal { client_ip: "192.0.2.2", ..refusal("made-up", 1, NOON) }).unwrap();
    assert_eq!(rows(&db).len(), 2);
}

#[test]
fn clearing_takes_what_matches() {
    let names = |db: &Db| -> Vec<String> {
        rows(db).into_iter().map(|row| format!("{} {}", row.client_ip, row.name)).collect()
    };
    let filled = || {
        let (directory, db) = own();
        for client_ip in ["192.0.2.1", "192.0.2.2"] {
            for name in ["alice", "bob"] {
                let attempt = Attempt { client_ip, ..attempt(name, WRONG, NOON) };
                login_record(&Tx::new(&db), &attempt).unwrap();
            }
        }
        (directory, db)
    };
    for (name, ip, left) in [
        (Some("BOB"), None, vec!["192.0.2.1 alice", "192.0.2.2 alice"]),
        (None, Some("192.0.2.1"), vec!["192.0.2.2 alice", "192.0.2.2 bob"]),
        (
            Some("bob"),
            Some("192.0.2.1"),
            vec!["192.0.2.1 alice", "192.0.2.2 alice", "192.0.2.2 bob"],
        ),
        (Some("carol"), None, names(&filled().1).iter().map(String::as_str).collect()),
        (None, None, vec![]),
    ] {
        let (_directory, db) = filled();
        let removed = logins_clear(&Tx::new(&db), name, ip).unwrap();
        assert_eq!(names(&db), left);
        assert_eq!(removed, 4 - left.len() as u64);
    }
}

/// Adds rows `from..to`, each a second later than the one before; every third has a success.
fn fill(conn: &Connection, from: u32, to: u32) {
    let statement =
        "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
         INSERT INTO audit_logins (client_ip, login_name, login_status, login_at, updated_at)
         SELECT '10.0.0.' || (i % 250), 'name' || i, 'OK', iif(i % 3 = 0, 'x', NULL),
           datetime(1795521600 + i, 'unixepoch') || '+00:00' FROM n";
    conn.execute(statement, [from, to]).unwrap();
}

#[test]
fn of_too_many_rows_the_oldest_that_never_logged_in_go_first() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    fill(db.sqlite().unwrap(), 0, 30);
    assert_eq!(prune(&tx, 30), 0);
    assert_eq!(prune(&tx, 15), 15);
    let left = |db: &Db| -> Vec<u32> {
        rows(db).iter().map(|row| row.name["name".len()..].parse().unwrap()).collect()
    };
    assert_eq!(left(&db), [29, 28, 27, 26, 25, 24, 23, 21, 18, 15, 12, 9, 6, 3, 0]);
    assert_eq!(prune(&tx, 8), 7);
    assert_eq!(left(&db), [27, 24, 21, 18, 15, 12, 9, 6]);
    assert_eq!(prune(&tx, 7), 1);
    assert_eq!(left(&db), [27, 24, 21, 18, 15, 12, 9]);
}

/// One step towards so many rows.
fn prune(tx: &Tx<'_>, most: u64) -> u64 {
    logins_prune(tx, logins_excess(tx, most).unwrap()).unwrap()
}

#[test]
fn rows_go_in_steps() {
    let (_directory, db) = own();
    fill(db.sqlite().unwrap(), 0, 1650);
    let steps: Vec<_> = (0..4).map(|_| prune(&Tx::new(&db), 1000)).collect();
    assert_eq!(steps, [250, 250, 150, 0]);
}

#[test]
fn rows_of_photoprism_are_found_whatever_their_keys_are() {
    let (_directory, mut db) = photoprism();
    let table = super::super::schema::LOGINS.replace(" NOT NULL DEFAULT ''", "");
    db.sqlite().unwrap().execute_batch(&table.replace("VARCHAR", "VARBINARY")).unwrap();
    db.columns = super::super::columns::Columns::read(&db.conn).unwrap();
    db.sqlite()
        .unwrap()
        .execute_batch(
            "INSERT INTO audit_logins (client_ip, login_name, login_realm, updated_at) VALUES
               ('192.0.2.1', '12', '7', '2026-11-24 11:00:00+00:00'),
               ('192.0.2.1', 'x', NULL, '2026-11-24 11:00:01+00:00'),
               (NULL, NULL, x'00', '2026-11-24 11:00:02+00:00')",
        )
        .unwrap();
    let tx = Tx::new(&db);
    for name in ["12", "x"] {
        login_refused(&tx, &refusal(name, 3, NOON)).unwrap();
        login_refused(&tx, &refusal(name, 2, NOON)).unwrap();
    }
    let found: Vec<_> = rows(&db).into_iter().map(|row| (row.name, row.repeated)).collect();
    assert_eq!(found, [("12".into(), 5), ("x".into(), 5), (String::new(), 0)]);
    assert_eq!((prune(&tx, 2), prune(&tx, 0), rows(&db).len()), (1, 2, 0));
}

#[test]
fn a_database_without_the_table_has_no_records_and_takes_none() {
    let (_directory, db) = photoprism();
    let tx = Tx::new(&db);
    assert_eq!(rows(&db), []);
    assert_eq!(logins_clear(&tx, None, None).unwrap(), 0);
    assert_eq!((prune(&tx, 1), logins_prune(&tx, 1).unwrap()), (0, 0));
    login_record(&tx, &attempt("bob", WRONG, NOON)).unwrap_err();
    login_refused(&tx, &refusal("bob", 1, NOON)).unwrap_err();
}

#[test]
fn successes_that_were_gathered_never_hide_what_came_after_them() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    let gathered = |now| login_gathered(&tx, &attempt("Bob ", AttemptStatus::Ok, now)).unwrap();
    // The row may have been removed since: it is one of too many.
    gathered(NOON);
    let row = only(&db);
    assert_eq!((row.status.as_str(), row.login_at, row.repeated), ("OK", Some(NOON), 0));

    // The next minute.
    gathered(LATER);
    let row = only(&db);
    assert_eq!((row.login_at, row.updated_at, row.repeated), (Some(LATER), Some(LATER), 0));

    // Another daemon's failure, written before the success of a moment earlier.
    login_record(&tx, &attempt("bob", WRONG, LAST)).unwrap();
    let between = Timestamp::from_second(NOON.as_second() + 45).unwrap();
    gathered(between);
    let row = only(&db);
    assert_eq!((row.status.as_str(), row.repeated), ("wrong password", 1));
    assert_eq!((row.login_at, row.updated_at), (Some(between), Some(LAST)));

    // In the same second nobody knows which was first.
    gathered(LAST);
    let row = only(&db);
    assert_eq!((row.status.as_str(), row.login_at), ("wrong password", Some(LAST)));
    gathered(NOON);
    assert_eq!(only(&db).login_at, Some(LAST), "never back");
}
