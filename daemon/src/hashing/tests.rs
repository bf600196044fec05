//! The pool with real threads, small parameters and work that waits for a signal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use data_encoding::HEXLOWER;
use photoprism_protocol::secret::Secret;

use super::queue::{ADMIN_PLACES, Job, Work};
use super::*;

const SMALL: Target = Target::Argon2id(Costs { memory_kib: 64, passes: 1, lanes: 1 });

/// One fixture of PhotoPrism's own database: `admin`.
const PHOTOPRISM: &str = "$2a$12$5B7ZtXKCs0B1DIEavKZPYeWKcDZ9kvku4Bn9YD3dw0h1D.CCZWt5.";

fn config(target: Target) -> PoolConfig {
    PoolConfig {
        threads: 1,
        queue: 2,
        target,
        monotonic: || Duration::ZERO,
        random: getrandom::fill,
    }
}

fn pool(target: Target) -> Pool {
    Pool::start(config(target)).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn is_right(pool: &Pool, password: &str, stored: &str) -> bool {
    matches(pool, password, Some(stored.to_owned()))
}

fn matches(pool: &Pool, password: &str, stored: Option<String>) -> bool {
    pool.queue_verify(Lane::Admin, secret(password), stored).unwrap().wait().unwrap()
}

/// Work that keeps one thread busy until the other end of `release` is dropped or sends.
fn occupy(pool: &Pool) -> (HashJob<()>, Sender<()>) {
    let (release, released): (Sender<()>, Receiver<()>) = channel();
    let (started, has_started) = channel();
    let run = move || {
        started.send(()).unwrap();
        let _ = released.recv();
    };
    let ticket = run_in(pool, Lane::Admin, run).unwrap();
    has_started.recv().unwrap();
    (ticket, release)
}

fn run_in(
    pool: &Pool,
    lane: Lane,
    run: impl FnOnce() + Send + 'static,
) -> Result<HashJob<()>, PoolError> {
    let (ticket, reply) = HashJob::new();
    let work = Work::Run(Box::new(run), reply);
    pool.push(lane, Job { work, password: secret("unused"), exceeds_buffer: false })?;
    Ok(ticket)
}

#[test]
fn a_hash_is_right_for_its_password_alone() {
    for target in [SMALL, Target::Bcrypt { cost: 4 }] {
        let pool = pool(target);
        let hash = pool.hash_blocking(secret("correct horse")).unwrap();
        assert!(is_right(&pool, "correct horse", hash.expose()));
        assert!(!is_right(&pool, "correct house", hash.expose()));
        assert!(!is_right(&pool, "", hash.expose()));
        assert!(!needs_rehash(hash.expose(), target));
        let again = pool.hash_blocking(secret("correct horse")).unwrap();
        assert_ne!(hash, again, "a salt of its own");
        assert_eq!(pool.computed(), 5);
    }
}

#[test]
fn new_hashes_have_the_form_of_their_scheme() {
    let argon2 = pool(Target::Argon2id(Costs::FLOOR)).hash_blocking(secret("password")).unwrap();
    let rest = argon2.expose().strip_prefix("$argon2id$v=19$m=19456,t=2,p=1$").unwrap();
    let lengths: Vec<usize> = rest.split('$').map(str::len).collect();
    assert_eq!(lengths, [22, 43], "16 and 32 bytes in base 64");
    let bcrypt = pool(Target::Bcrypt { cost: 12 }).hash_blocking(secret("password")).unwrap();
    assert!(bcrypt.expose().starts_with("$2a$12$") && bcrypt.expose().len() == 60);
}

/// The memory path, checked against tags of the reference implementation and against the high level
/// interface of the same crate.
#[test]
fn argon2_agrees_with_the_reference() {
    let pool = pool(SMALL);
    let phc = |head: &str, hex: &str| {
        let tag = HEXLOWER.decode(hex.as_bytes()).unwrap();
        format!("${head}$c29tZXNhbHQ${}", data_encoding::BASE64_NOPAD.encode(&tag))
    };
    for stored in [
        phc(
            "argon2id$v=19$m=65536,t=2,p=1",
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
        ),
        phc(
            "argon2i$m=65536,t=2,p=1",
            "f6c4db4a54e2a370627aff3db6176b94a2a209a62c8e36152711802f7b30c694",
        ),
    ] {
        assert!(is_right(&pool, "password", &stored), "{stored}");
        assert!(!is_right(&pool, "passwore", &stored), "{stored}");
    }
    for (algorithm, name) in [
        (argon2::Algorithm::Argon2id, "argon2id"),
        (argon2::Algorithm::Argon2d, "argon2d"),
        (argon2::Algorithm::Argon2i, "argon2i"),
    ] {
        let params = argon2::Params::new(128, 3, 2, Some(32)).unwrap();
        let mut tag = [0; 32];
        argon2::Argon2::new(algorithm, argon2::Version::V0x13, params)
            .hash_password_into(b"password", b"somesalt", &mut tag)
            .unwrap();
        let head = format!("{name}$v=19$m=128,t=3,p=2");
        assert!(is_right(&pool, "password", &phc(&head, &HEXLOWER.encode(&tag))), "{name}");
    }
}

#[test]
fn the_fixtures_of_photoprism_are_right() {
    let pool = pool(SMALL);
    for (password, stored) in [
        ("photoprism", PHOTOPRISM),
        ("mysecret", "$2a$12$DNtdAc9q1VcDHbjSWr0oye0No42QMB0hi5r5fnh.sFZSqVaozCaX6"),
        ("correct horse battery", "$2a$12$uTVwl3nlGSvjUCqf9ZWvqucKv0o9NtXhepDKyYqsZImEbCfOSRh5m"),
        ("erin|secret|1", "$2a$12$zezZN.JfS1ykzpfxb7VfCOrrzitArHqUGo78/nj7qkgvEiTYtoEEm"),
    ] {
        assert!(is_right(&pool, password, stored), "{password}");
        assert!(is_right(&pool, password, &stored.replace("$2a$", "$2b$")), "{password}");
        assert!(!is_right(&pool, &format!("{password} "), stored), "{password}");
    }
}

#[test]
fn bcrypt_never_cuts_a_password_short() {
    let pool = pool(Target::Bcrypt { cost: 4 });
    let longest = "a".repeat(72);
    for password in ["a".repeat(71), longest.clone(), "😀".repeat(18)] {
        let hash = pool.hash_blocking(secret(&password)).unwrap();
        assert!(is_right(&pool, &password, hash.expose()));
        assert!(!is_right(&pool, &format!("{password}a"), hash.expose()));
    }
    for password in ["a".repeat(73), "😀".repeat(19), "pass\0word".to_owned()] {
        let refused = pool.hash_blocking(secret(&password)).unwrap_err();
        assert_eq!(refused, PoolError::TooLong);
    }
    let empty = pool.hash_blocking(secret("")).unwrap();
    let before = pool.computed();
    assert!(!is_right(&pool, "\0", empty.expose()), "not the stand-in either");
    assert!(!is_right(&pool, &"a".repeat(73), empty.expose()));
    assert_eq!(pool.computed(), before + 2, "wrong, after one hash each");
}

#[test]
fn argon2_takes_passwords_of_any_length() {
    let pool = pool(SMALL);
    let long = "ü\0".repeat(200);
    let hash = pool.hash_blocking(secret(&long)).unwrap();
    assert!(is_right(&pool, &long, hash.expose()));
    assert!(!is_right(&pool, &long[..long.len() - 1], hash.expose()));
}

#[test]
fn without_a_usable_hash_one_dummy_is_computed() {
    let hostile = [
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHRzb21lc2FsdA$AAECAwQFBgcICQoLDA0ODw",
        "$2a$31$5B7ZtXKCs0B1DIEavKZPYeWKcDZ9kvku4Bn9YD3dw0h1D.CCZWt5.",
        "",
        "photoprism",
    ];
    for target in [SMALL, Target::Bcrypt { cost: 4 }] {
        let pool = pool(target);
        let stored = hostile.iter().map(|text| Some((*text).to_owned())).chain([None]);
        for (number, stored) in (1..).zip(stored) {
            assert!(!matches(&pool, "photoprism", stored));
            assert_eq!(pool.computed(), number);
        }
    }
}

#[test]
fn the_dummy_matches_no_password() {
    let pool = pool(Target::Bcrypt { cost: 4 });
    for password in ["", "\0", "photoprism"] {
        assert!(!matches(&pool, password, None));
    }
}

#[test]
fn a_full_queue_refuses_and_recovers() {
    let pool = pool(SMALL);
    let (blocker, release) = occupy(&pool);
    let waiting: Vec<_> =
        (0..2).map(|_| pool.queue_verify(Lane::Login, secret("password"), None).unwrap()).collect();
    let refused = pool.queue_verify(Lane::Login, secret("password"), None).unwrap_err();
    assert_eq!(refused, PoolError::Busy { retry_after_s: 1 });
    assert_eq!((pool.running(), pool.waiting()), (1, 2));
    drop(release);
    blocker.wait().unwrap();
    for ticket in waiting {
        assert_eq!(ticket.wait(), Ok(false));
    }
    assert!(pool.queue_verify(Lane::Login, secret("password"), None).is_ok());
}

#[test]
fn the_places_of_logins_change_while_it_runs() {
    let pool = pool(SMALL);
    let (_blocker, _release) = occupy(&pool);
    let wait = || pool.queue_verify(Lane::Login, secret("password"), None);
    let mut waiting = vec![wait().unwrap(), wait().unwrap()];
    assert!(wait().is_err());
    pool.set_login_places(3);
    waiting.push(wait().unwrap());
    pool.set_login_places(1);
    assert!(wait().is_err());
    assert_eq!(pool.waiting(), 3);
}

#[test]
fn administrators_have_places_of_their_own_and_go_first() {
    let pool = pool(SMALL);
    let (_blocker, release) = occupy(&pool);
    let (order, served) = channel();
    let mut tickets = Vec::new();
    for (lane, name) in [
        (Lane::Login, "login 1"),
        (Lane::Login, "login 2"),
        (Lane::Admin, "admin 1"),
        (Lane::Admin, "admin 2"),
    ] {
        let order = order.clone();
        tickets.push(run_in(&pool, lane, move || order.send(name).unwrap()).unwrap());
    }
    assert!(run_in(&pool, Lane::Login, || {}).is_err());
    for _ in 2..ADMIN_PLACES {
        tickets.push(run_in(&pool, Lane::Admin, || {}).unwrap());
    }
    assert!(matches!(run_in(&pool, Lane::Admin, || {}), Err(PoolError::Busy { .. })));
    drop((release, order));
    assert_eq!(served.iter().collect::<Vec<_>>(), ["admin 1", "admin 2", "login 1", "login 2"]);
}

#[test]
fn work_whose_caller_is_gone_is_skipped_and_makes_room() {
    let pool = Pool::start(PoolConfig { queue: 3, ..config(SMALL) }).unwrap();
    let (_blocker, release) = occupy(&pool);
    let check = || pool.queue_verify(Lane::Login, secret("password"), None);
    for _ in 0..2 {
        drop(check().unwrap());
    }
    let mut wanted = vec![check().unwrap()];
    assert_eq!(pool.waiting(), 3);
    // Two of the places are nobody's any more.
    wanted.extend([check().unwrap(), check().unwrap()]);
    assert_eq!(pool.waiting(), 3);
    assert!(check().is_err());
    // The first, so that it was skipped once the last is done.
    drop(wanted.remove(0));
    drop(release);
    for wanted in wanted {
        assert_eq!(wanted.wait(), Ok(false));
    }
    assert_eq!((pool.running(), pool.waiting()), (0, 0));
    assert_eq!(pool.computed(), 2);
}

#[test]
fn a_caller_that_goes_away_meanwhile_harms_nobody() {
    let pool = pool(SMALL);
    let (blocker, release) = occupy(&pool);
    drop(blocker);
    drop(release);
    assert!(pool.hash_blocking(secret("password")).is_ok());
}

#[test]
fn a_deadline_ends_when_the_work_begins() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pool = pool(SMALL);
    let (_blocker, release) = occupy(&pool);
    let mut ticket = pool.queue_verify(Lane::Login, secret("password"), None).unwrap();
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = ticket.begun() => panic!("it cannot have begun"),
            () = std::future::ready(()) => {}
        }
        drop(release);
        ticket.begun().await;
        ticket.begun().await;
        assert_eq!(ticket.outcome().await, Ok(false));
        let ticket = pool.queue_hash(Lane::Login, secret("password")).unwrap();
        let hash = ticket.outcome().await.unwrap();
        let stored = Some(hash.expose().to_owned());
        let ticket = pool.queue_verify(Lane::Admin, secret("password"), stored).unwrap();
        assert_eq!(ticket.outcome().await, Ok(true));
    });
}

#[test]
fn a_panic_costs_one_caller_its_answer() {
    let pool = pool(SMALL);
    let ticket = run_in(&pool, Lane::Login, || panic!("on purpose")).unwrap();
    assert_eq!(ticket.wait(), Err(PoolError::Failed));
    assert_eq!(pool.running(), 0);
    let hash = pool.hash_blocking(secret("password")).unwrap();
    assert!(is_right(&pool, "password", hash.expose()));
}

#[test]
fn without_randomness_there_is_no_hash() {
    let random = |_: &mut [u8]| Err(getrandom::Error::UNSUPPORTED);
    let pool = Pool::start(PoolConfig { random, ..config(SMALL) }).unwrap();
    assert_eq!(pool.hash_blocking(secret("password")), Err(PoolError::Failed));
    assert!(!matches(&pool, "password", None));
}

#[test]
fn a_stopped_pool_answers_what_waits() {
    let pool = pool(SMALL);
    let (blocker, release) = occupy(&pool);
    let waiting = pool.queue_hash(Lane::Login, secret("password")).unwrap();
    pool.stop();
    assert_eq!(waiting.wait(), Err(PoolError::Stopped));
    assert_eq!(pool.hash_blocking(secret("password")), Err(PoolError::Stopped));
    drop(release);
    assert_eq!(blocker.wait(), Ok(()), "what runs is finished");
}

#[test]
fn the_time_to_wait_follows_the_time_that_was_taken() {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    let monotonic = || Duration::from_secs(CLOCK.fetch_add(3, Ordering::Relaxed));
    let pool = Pool::start(PoolConfig { monotonic, ..config(SMALL) }).unwrap();
    assert!(!matches(&pool, "password", None));
    let (_blocker, _release) = occupy(&pool);
    let _waiting = [
        pool.queue_verify(Lane::Login, secret("password"), None).unwrap(),
        pool.queue_verify(Lane::Login, secret("password"), None).unwrap(),
    ];
    let refused = pool.queue_verify(Lane::Login, secret("password"), None).unwrap_err();
    assert_eq!(refused, PoolError::Busy { retry_after_s: 9 }, "three of 3 s each");
}

#[test]
fn a_refusal_takes_as_long_as_the_slowest_check_of_a_stored_hash() {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    let monotonic = || Duration::from_secs(CLOCK.fetch_add(2, Ordering::Relaxed));
    let pool = Pool::start(PoolConfig { monotonic, ..config(SMALL) }).unwrap();
    let floor = Duration::from_millis(400);
    assert!(!matches(&pool, "password", None));
    assert_eq!(pool.refusal_delay(floor), floor, "the dummy needs no more");
    assert!(!is_right(&pool, "password", &PHOTOPRISM.replace("$12$", "$05$")));
    assert_eq!(pool.refusal_delay(floor), Duration::from_secs(3), "2 s and half as long again");
}

#[test]
fn what_cannot_be_computed_is_not_a_target() {
    let start = |threads, target| Pool::start(PoolConfig { threads, ..config(target) }).err();
    assert!(matches!(start(0, SMALL), Some(StartError::NoThreads)));
    let too_much = Costs { memory_kib: 65_537, passes: 1, lanes: 1 };
    assert!(matches!(start(1, Target::Argon2id(too_much)), Some(StartError::Target)));
    assert!(matches!(start(1, Target::Bcrypt { cost: 15 }), Some(StartError::Target)));
}

#[test]
fn hashes_that_need_more_memory_run_one_at_a_time_and_hold_up_no_others() {
    let pool = Pool::start(PoolConfig { threads: 3, queue: 64, ..config(SMALL) }).unwrap();
    let big = "$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHQ$AAECAwQFBgcICQoLDA0ODw".to_owned();
    let tickets: Vec<_> = (0..24)
        .map(|number| {
            let stored = Some(big.clone()).filter(|_| number % 2 == 0);
            pool.queue_verify(Lane::Login, secret("password"), stored).unwrap()
        })
        .collect();
    for ticket in tickets {
        assert_eq!(ticket.wait(), Ok(false));
    }
    assert_eq!(pool.computed(), 24);
}
