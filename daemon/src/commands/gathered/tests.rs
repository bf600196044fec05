use super::*;

fn at(second: u64) -> Moment {
    Moment::new(1_800_000_000, Duration::from_secs(second))
}

fn key(number: usize, realm: &str) -> SuccessKey {
    SuccessKey::new(&format!("192.0.2.{number}"), "Bob ", realm, "u1")
}

fn success(second: i64) -> Success {
    let at = Timestamp::from_second(1_800_000_000 + second).unwrap();
    Success { user_agent: "Files/1".into(), at, trust: None }
}

fn gather(logins: &GatheredLogins, key: &SuccessKey, second: u64) -> bool {
    logins.gather(key, at(second), |_| success(second.try_into().unwrap()))
}

/// Numbers of the keys that are taken, with how many successes.
fn taken(logins: &GatheredLogins, second: u64, which: Which) -> Vec<(String, u64)> {
    let found = logins.take(at(second), which).into_iter();
    found.map(|(key, waiting)| (key.ip, waiting.count)).collect()
}

#[test]
fn the_first_is_written_at_once_and_the_others_a_minute_later() {
    let (logins, bob) = (GatheredLogins::default(), key(1, "api"));
    assert!(!gather(&logins, &bob, 0), "the first");
    logins.open(bob.clone(), at(0));
    for second in 1..=1499 {
        assert!(gather(&logins, &bob, second / 100), "{second}");
    }
    assert!(!gather(&logins, &key(1, "webdav"), 1) && !gather(&logins, &key(2, "api"), 1));
    assert_eq!(logins.waiting(), 1499);
    assert_eq!(taken(&logins, 59, Which::Due), []);
    assert_eq!(taken(&logins, 60, Which::Due), [("192.0.2.1".into(), 1499)]);
    assert!(gather(&logins, &bob, 61) && gather(&logins, &bob, 119));
    assert_eq!(taken(&logins, 120, Which::Due), []);
    assert_eq!(taken(&logins, 121, Which::Due), [("192.0.2.1".into(), 2)]);
    assert_eq!(taken(&logins, 180, Which::Due), []);
    assert!(gather(&logins, &bob, 180), "within a minute of the last one");
    assert_eq!(taken(&logins, 181, Which::All), [("192.0.2.1".into(), 1)]);
    assert_eq!(taken(&logins, 241, Which::Due), []);
    assert!(!gather(&logins, &bob, 241), "the last one was written a minute ago");
    assert!(logins.0.borrow().is_empty(), "nothing stays behind");
}

#[test]
fn after_a_failure_the_next_one_is_written_at_once() {
    let logins = GatheredLogins::default();
    let keys = [key(1, "api"), key(1, "webdav"), key(2, "api")];
    for key in &keys {
        logins.open(key.clone(), at(0));
        assert!(gather(&logins, key, 1));
    }
    logins.close("192.0.2.1", "BOB");
    assert_eq!(keys.each_ref().map(|key| gather(&logins, key, 2)), [false, false, true]);
    let mut before_it = taken(&logins, 3, Which::Due);
    before_it.sort();
    assert_eq!(before_it, [("192.0.2.1".into(), 1), ("192.0.2.1".into(), 1)]);
    assert!(!gather(&logins, &keys[0], 4), "it is still to come");
    logins.open(keys[0].clone(), at(4));
    assert!(gather(&logins, &keys[0], 5));
}

#[test]
fn what_could_not_be_written_is_kept_and_nothing_more_is_gathered() {
    let (logins, bob) = (GatheredLogins::default(), key(1, "api"));
    logins.open(bob.clone(), at(0));
    assert!(gather(&logins, &bob, 1) && gather(&logins, &bob, 2));
    let first = logins.take(at(61), Which::Due);
    assert!(gather(&logins, &bob, 62), "while it is written");
    logins.restore(first);
    assert_eq!(logins.waiting(), 3);
    assert!(!gather(&logins, &bob, 63));
    let again = logins.take(at(64), Which::Due);
    assert_eq!((again.len(), again[0].1.count), (1, 3));
    assert_eq!(again[0].1.latest.at, success(62).at);
    logins.restore(again);
    logins.forget(Some("192.0.2.1"), None);
    assert_eq!(logins.waiting(), 0);
}

#[test]
fn those_that_come_meanwhile_are_not_waited_for() {
    let logins = GatheredLogins::default();
    for number in 1..=2 {
        logins.open(key(number, "api"), at(0));
        assert!(gather(&logins, &key(number, "api"), 1));
    }
    assert_eq!(taken(&logins, 2, Which::All).len(), 2);
    assert!(gather(&logins, &key(1, "api"), 3));
    assert_eq!(taken(&logins, 2, Which::All), []);
    assert_eq!(logins.waiting(), 1);
}

#[test]
fn accounts_whose_names_begin_alike_are_apart() {
    let logins = GatheredLogins::default();
    let key = |last: &str, uid: &str| {
        SuccessKey::new("192.0.2.1", &format!("{}{last}", "n".repeat(64)), "api", uid)
    };
    logins.open(key("a", "u1"), at(0));
    assert!(!gather(&logins, &key("b", "u2"), 1), "its first is written at once");
    assert!(gather(&logins, &key("a", "u1"), 1));
}

#[test]
fn cleared_records_are_forgotten() {
    for (ip, name, left) in [
        (None, None, 0),
        (Some("192.0.2.1"), None, 1),
        (None, Some(" BOB"), 0),
        (Some("192.0.2.2"), Some("bob"), 1),
        (Some("192.0.2.3"), None, 2),
        (Some("192.0.2.1"), Some("eve"), 2),
    ] {
        let logins = GatheredLogins::default();
        for number in 1..=2 {
            logins.open(key(number, "api"), at(0));
            assert!(gather(&logins, &key(number, "api"), 1));
        }
        logins.forget(ip, name);
        assert_eq!(logins.waiting(), left, "{ip:?} {name:?}");
    }
}

#[test]
fn keys_have_a_bound_and_are_written_in_steps() {
    let logins = GatheredLogins::default();
    let realm = |number: usize| key(1, &format!("realm{number}"));
    for number in 0..MOST + 100 {
        logins.open(realm(number), at(0));
        assert_eq!(gather(&logins, &realm(number), 1), number < MOST, "{number}");
    }
    assert_eq!(logins.0.borrow().len(), MOST);
    let mut written = 0;
    loop {
        let step = logins.take(at(2), Which::All);
        assert!(step.len() <= STEP);
        written += step.len();
        if step.is_empty() {
            break;
        }
    }
    assert_eq!(written, MOST);
    logins.take(at(62), Which::Due);
    assert!(logins.0.borrow().is_empty(), "and make room for others");
}
