use jiff::Timestamp;
use proptest::prelude::*;

use super::super::db::Tx;
use super::super::testing::{own, photoprism, plan};
use super::super::{Attempt, AttemptStatus, login_record};
use super::*;

fn add(db: &Db, ip: &str, name: &str, realm: &str, status: &str, at: &str) {
    let statement = "INSERT INTO audit_logins (client_ip, login_name, login_realm, login_status,
           updated_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    db.sqlite().unwrap().execute(statement, [ip, name, realm, status, at]).unwrap();
}

fn found(db: &Db, filter: &LoginFilter) -> Vec<String> {
    let page = LoginPage { after: None, limit: 1000 };
    let rows = page_rows(db, filter, &page);
    rows.into_iter().map(|row| format!("{} {}", row.client_ip, row.name)).collect()
}

fn page_rows(db: &Db, filter: &LoginFilter, page: &LoginPage) -> Vec<LoginRow> {
    logins_page(db, filter, page).unwrap().rows.into_iter().map(|(_, row)| row).collect()
}

fn search(text: &str) -> LoginFilter {
    LoginFilter { search: text.into(), ..LoginFilter::default() }
}

fn some_rows() -> (tempfile::TempDir, Db) {
    let (directory, db) = own();
    for (ip, name, status, at) in [
        ("192.0.2.1", "bob", "OK", "2026-11-24 12:00:00+00:00"),
        ("192.0.2.1", "bobby", "wrong password", "2026-11-24 12:00:01+00:00"),
        ("192.0.2.10", "alice", "unknown user", "2026-11-24 12:00:02+00:00"),
        ("2001:db8::1", "b_b", "OK", "2026-11-24 12:00:03+00:00"),
        ("2001:db8::1", "émile", "OK", "2026-11-24 12:00:04+00:00"),
        ("::1", "", "", "2026-11-24 12:00:05+00:00"),
    ] {
        add(&db, ip, name, "api", status, at);
    }
    (directory, db)
}

#[test]
fn the_latest_come_first_with_and_without_a_fraction() {
    let (_directory, db) = own();
    let at = |fraction: &str| format!("2026-11-24 12:00:00{fraction}+00:00");
    for (realm, fraction) in [("b", ".9"), ("a", ".93"), ("d", ""), ("e", ""), ("c", ".000000001")]
    {
        add(&db, "192.0.2.1", "bob", realm, "OK", &at(fraction));
    }
    let page = LoginPage { after: None, limit: 9 };
    let rows = page_rows(&db, &LoginFilter::default(), &page);
    let realms: String = rows.into_iter().map(|row| row.realm).collect();
    assert_eq!(realms, "abcde");
}

#[test]
fn a_search_is_a_prefix_of_name_or_address() {
    let (_directory, db) = some_rows();
    for (text, expected) in [
        ("bob", vec!["192.0.2.1 bobby", "192.0.2.1 bob"]),
        ("BOBB", vec!["192.0.2.1 bobby"]),
        ("192.0.2.1", vec!["192.0.2.10 alice", "192.0.2.1 bobby", "192.0.2.1 bob"]),
        ("2001:DB8", vec!["2001:db8::1 émile", "2001:db8::1 b_b"]),
        ("É", vec!["2001:db8::1 émile"]),
        ("b_", vec!["2001:db8::1 b_b"]),
        ("b%", vec![]),
        ("obb", vec![]),
        ("\u{10FFFF}", vec![]),
    ] {
        assert_eq!(found(&db, &search(text)), expected, "{text}");
    }
    assert_eq!(found(&db, &search("")).len(), 6);
}

#[test]
fn filters_narrow_and_join() {
    let (_directory, db) = some_rows();
    let all = LoginFilter::default;
    let count = |filter: LoginFilter| found(&db, &filter).len();
    assert_eq!(count(LoginFilter { failed: Some(true), ..all() }), 3);
    assert_eq!(count(LoginFilter { failed: Some(false), ..all() }), 3);
    assert_eq!(count(LoginFilter { name: Some(" BOB".into()), ..all() }), 1);
    assert_eq!(count(LoginFilter { client_ip: Some("192.0.2.1".into()), ..all() }), 2);
    let since = |at: &str| LoginFilter { since: Some(at.parse().unwrap()), ..all() };
    assert_eq!(count(since("2026-11-24T12:00:03Z")), 3);
    assert_eq!(count(since("2026-11-24T12:00:06Z")), 0);
    let joined = LoginFilter { failed: Some(true), search: "bob".into(), ..all() };
    assert_eq!(found(&db, &joined), ["192.0.2.1 bobby"]);
}

#[test]
fn a_long_range_is_walked_and_finds_the_same() {
    let (_directory, db) = some_rows();
    db.sqlite()
        .unwrap()
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
             INSERT INTO audit_logins (client_ip, login_name, updated_at)
             SELECT '10.0.0.1', 'name' || i, '2026-11-24 11:00:00+00:00' FROM n",
            [],
        )
        .unwrap();
    let page = LoginPage { after: None, limit: 10_000 };
    let bounds = Bounds { time: std::time::Duration::from_mins(1), ..BOUNDS };
    assert_eq!(page_within(&db, &search("n"), &page, bounds).unwrap().rows.len(), 6000);
    assert_eq!(found(&db, &search("name600")), ["10.0.0.1 name600", "10.0.0.1 name6000"]);
    add(&db, "10.0.0.2", "nobody", "api", "OK", "2026-11-24 13:00:00+00:00");
    assert_eq!(found(&db, &search("N"))[0], "10.0.0.2 nobody");
}

#[test]
fn the_ways_that_pages_take_use_an_index() {
    let (_directory, db) = own();
    let filters = [None, Some(true), Some(false)].map(|failed| LoginFilter {
        failed,
        since: Some(Timestamp::UNIX_EPOCH),
        ..search("a")
    });
    for (filter, index) in filters.iter().zip(["updated_at", "failed", "succeeded"]) {
        let logins = Logins::new(&db, filter);
        for (part, values) in [("1", 0), (PARTS[0], 4), (PARTS[1], 1), (PARTS[2], 1)] {
            let mut conditions = Conditions::after(vec![1_i64.into()]);
            for _ in 0..values {
                conditions.bind("x");
            }
            logins.narrow(&mut conditions);
            let statement = along(part, &conditions.all(), "1");
            let plan = plan(&db, &statement, &conditions.values);
            let along = format!("INDEX idx_audit_logins_{index} ");
            assert!(plan.starts_with("SEARCH") && plan.contains(&along), "{statement}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
    let by = |which: &str, values: &[&str]| {
        let values: Vec<_> = values.iter().map(|value| Value::from(*value)).collect();
        plan(&db, &format!("SELECT {KEYS} FROM audit_logins WHERE {which}"), &values)
    };
    let range = |column| PrefixRange::new(column, "a", Collation::Binary).condition(db.dialect());
    let primary = "SEARCH audit_logins USING INDEX sqlite_autoindex_audit_logins_1 ";
    let name = "SEARCH audit_logins USING INDEX idx_audit_logins_login_name ";
    assert_eq!(by("login_name = ?1", &["a"]), format!("{name}(login_name=?)"));
    assert_eq!(by("client_ip = ?1", &["a"]), format!("{primary}(client_ip=?)"));
    assert_eq!(
        by(&range("login_name"), &["a", "b"]),
        format!("{name}(login_name>? AND login_name<?)")
    );
    assert_eq!(
        by(&range("client_ip"), &["a", "b"]),
        format!("{primary}(client_ip>? AND client_ip<?)")
    );
}

#[test]
fn rows_of_photoprism_are_read_as_they_are() {
    let (_directory, mut db) = photoprism();
    let table = super::super::schema::LOGINS.replace("VARCHAR", "VARBINARY");
    db.sqlite().unwrap().execute_batch(&table).unwrap();
    db.columns = super::super::columns::Columns::read(&db.conn).unwrap();
    add(&db, "192.0.2.1", "12", "a", "OK", "2026-11-24 12:00:00.25+00:00");
    db.sqlite()
        .unwrap()
        .execute("INSERT INTO audit_logins (client_ip, login_name) VALUES ('192.0.2.2', 'x')", [])
        .unwrap();
    let status = AttemptStatus::Failed { reason: "wrong password", error: "" };
    let (client_ip, name, realm, user_agent) = ("192.0.2.2", "x", "", "");
    assert_eq!(found(&db, &search("1")), ["192.0.2.1 12", "192.0.2.2 x"]);
    assert_eq!(found(&db, &search("12")), ["192.0.2.1 12"]);
    let mut page = LoginPage { after: None, limit: 1 };
    let rows = page_rows(&db, &LoginFilter::default(), &page);
    assert_eq!(rows.len(), 2);
    page.after = Some(rows[0].position.clone());
    let rest = page_rows(&db, &LoginFilter::default(), &page);
    assert_eq!((rest.len(), rest[0].updated_at), (1, None));
    let now = "2026-11-24T12:00:01Z".parse().unwrap();
    let attempt = Attempt { client_ip, name, realm, status, user_agent, banned: false, now };
    login_record(&Tx::new(&db), &attempt).unwrap();
    assert_eq!(found(&db, &LoginFilter::default()), ["192.0.2.2 x", "192.0.2.1 12"]);
}

/// Every page of a list, and the list as a whole.
fn check_pages(db: &Db, filter: &LoginFilter, limit: usize, bounds: Bounds, whole: &[LoginRow]) {
    let mut paged = Vec::new();
    let mut page = LoginPage { after: None, limit };
    loop {
        let Found { mut rows, rest } = page_within(db, filter, &page, bounds).unwrap();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().map(|(position, _)| position.clone());
        let next = if more { last } else { rest };
        assert!(next.is_none() || next > page.after, "each page comes further");
        page.after.clone_from(&next);
        paged.extend(rows.into_iter().map(|(_, row)| row));
        if next.is_none() {
            break;
        }
    }
    assert_eq!(whole, paged, "{filter:?} {bounds:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_hold_every_row_once_and_in_order(
        rows in proptest::collection::btree_set((0..3_u8, 0..4_u8, 0..3_u8, 0..4_u8), 0..40),
        limit in 1_usize..7,
        (failed, name, ip) in (
            proptest::option::of(any::<bool>()), any::<bool>(), any::<bool>()
        ),
        text in "(192\\.0\\.2\\.[01]|n|n[12])?",
    ) {
        let (_directory, db) = own();
        for (ip, name, realm, second) in rows {
            let key = (format!("192.0.2.{ip}"), format!("n{name}"), format!("r{realm}"));
            let at = format!("2026-11-24 12:00:0{second}+00:00");
            let status = if second % 2 == 0 { "OK" } else { "no" };
            let statement = "INSERT OR IGNORE INTO audit_logins (client_ip, login_name,
                   login_realm, updated_at, login_status) VALUES (?1, ?2, ?3, ?4, ?5)";
            db.sqlite().unwrap().execute(statement, [&key.0, &key.1, &key.2, &at, status]).unwrap();
        }
        let filter = LoginFilter {
            failed,
            name: name.then(|| "n1".to_owned()),
            client_ip: ip.then(|| "192.0.2.1".to_owned()),
            since: failed.and_then(|_| "2026-11-24T12:00:01Z".parse().ok()),
            search: text,
        };
        let whole = Logins::new(&db, &filter).scan(None, 1000).unwrap();
        let whole: Vec<LoginRow> = whole.into_iter().map(|(_, row)| row).collect();
        prop_assert!(whole.is_sorted_by(|one, other| one.position < other.position));
        for bounds in Bounds::each() {
            check_pages(&db, &filter, limit, bounds, &whole);
        }
    }
}
