//! The index after the effects of commits.

mod filling;
mod random;

use photoprism_protocol::auth::Introspection;
use photoprism_protocol::{provider, role};

use super::*;
use crate::model::{Provider, Role};

const NOW: i64 = 1_800_000_000;

fn id(number: u8) -> SessionId {
    [number; 32]
}

fn row(number: u8, provider: &str, method: &str) -> Session {
    Session {
        id: data_encoding::HEXLOWER.encode(&id(number)),
        ref_id: format!("sess{number}"),
        user_uid: "uid1".into(),
        user_name: "bob".into(),
        provider: provider.into(),
        method: method.into(),
        scope: "dav web".into(),
        expires: NOW + 100,
        created_at: "2026-11-24T08:00:00Z".parse().ok(),
        ..Session::default()
    }
}

fn bob() -> Account {
    Account {
        uid: "uid1".into(),
        name: "bob".into(),
        role: Role::Known(role::Role::User),
        can_login: true,
        ..Account::default()
    }
}

fn child_of(number: u8, parent: u8) -> Session {
    let auth_id = data_encoding::HEXLOWER.encode(&id(parent));
    Session { auth_id, ..row(number, "application", "session") }
}

fn is_active(index: &SessionIndex, number: u8) -> bool {
    asked(index, number, &Question::default(), NOW)
}

fn asked(index: &SessionIndex, number: u8, ask: &Question, now: i64) -> bool {
    matches!(index.verify(&id(number), ask, now), Some(Introspection::Active(_)))
}

/// A full index of these sessions, which are Bob's or nobody's.
fn index_of(sessions: &[Session]) -> SessionIndex {
    let index = SessionIndex::to_fill();
    index.add_sessions(sessions, None);
    index.add_accounts(&[bob()], None);
    index
}

fn full() -> SessionIndex {
    let rows = vec![
        row(1, "local", "default"),
        row(2, "application", "default"),
        child_of(3, 2),
        Session { user_uid: String::new(), ..row(4, "access_token", "oauth2") },
    ];
    index_of(&rows)
}

#[test]
fn what_is_asked_for_must_hold() {
    let index = full();
    let scope = |names: &[&str]| Question {
        scope: names.iter().map(ToString::to_string).collect(),
        ..Question::default()
    };
    let name = |name: &str| Question { name: Some(name.into()), ..Question::default() };
    assert!(asked(&index, 1, &scope(&["web", "dav"]), NOW));
    assert!(!asked(&index, 1, &scope(&["web", "photos"]), NOW));
    assert!(asked(&index, 1, &name("bob"), NOW));
    assert!(!asked(&index, 1, &name("alice"), NOW));
    assert!(!asked(&index, 4, &name("bob"), NOW));
    assert!(is_active(&index, 4));
    assert!(!is_active(&index, 5));
    assert!(asked(&index, 1, &Question::default(), NOW + 99));
    assert!(!asked(&index, 1, &Question::default(), NOW + 100));
}

#[test]
fn ends_are_applied_to_exactly_whom_they_concern() {
    let index = full();
    index.apply(Effect::SessionsEnded { uid: "uid1".into(), all: false });
    assert_eq!([1, 2, 3, 4].map(|n| is_active(&index, n)), [false, true, false, true]);
    index.apply(Effect::SessionsEnded { uid: "uid1".into(), all: true });
    assert_eq!([1, 2, 3, 4].map(|n| is_active(&index, n)), [false, false, false, true]);
    let index = full();
    index.apply(Effect::SessionEnded { id: row(2, "", "").id });
    assert_eq!([1, 2, 3, 4].map(|n| is_active(&index, n)), [true, false, false, true]);
    index.apply(Effect::EverySessionEnded);
    assert_eq!(index.inner().sessions().counts(), [0; 3]);
}

#[test]
fn a_disabled_account_has_no_active_session_until_it_is_enabled_again() {
    let index = full();
    index.apply(Effect::AccountChanged(Box::new(Account {
        provider: Provider::Known(provider::Provider::None),
        ..bob()
    })));
    assert_eq!([1, 2, 3, 4].map(|n| is_active(&index, n)), [false, false, false, true]);
    index.apply(Effect::AccountChanged(Box::new(Account {
        expires_at: jiff::Timestamp::from_second(NOW + 1).ok(),
        ..bob()
    })));
    assert!(is_active(&index, 2));
    assert!(!asked(&index, 2, &Question::default(), NOW + 1));
}

#[test]
fn an_account_comes_with_its_session() {
    let index = index_of(&[]);
    index
        .apply(Effect::SessionCreated(Box::new(row(1, "local", "default")), Some(Box::new(bob()))));
    assert!(is_active(&index, 1));
    index.apply(Effect::SessionCreated(
        Box::new(Session { user_uid: "uid2".into(), ..row(2, "local", "default") }),
        None,
    ));
    assert!(!is_active(&index, 2), "an account that is not known has no rights");
}

#[test]
fn uses_are_kept_until_they_are_written() {
    let index = full();
    let uses = index.uses();
    let from = |ip: &str| Question { client_ip: Some(ip.into()), ..Question::default() };
    assert!(asked(&index, 1, &from("192.0.2.1"), NOW));
    assert!(asked(&index, 1, &Question::default(), NOW + 5));
    let first = uses.oldest(10);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].last_active, NOW + 5);
    assert_eq!(first[0].client_ip.as_deref(), Some("192.0.2.1"));
    assert!(asked(&index, 1, &Question::default(), NOW + 6));
    uses.mark_flushed(&first);
    assert_eq!(uses.oldest(10)[0].last_active, NOW + 6);
    uses.mark_flushed(&uses.oldest(10));
    assert_eq!(uses.len(), 0);
}

#[test]
fn there_is_one_use_of_a_session_however_often_it_is_used_and_none_after_its_end() {
    let index = full();
    let uses = index.uses();
    for second in 0..50 {
        assert!(asked(&index, 1, &Question::default(), NOW + second));
        assert!(!asked(&index, 9, &Question::default(), NOW + second), "nobody's");
    }
    assert!(is_active(&index, 2) && is_active(&index, 3));
    assert_eq!(uses.len(), 3);
    index.apply(Effect::SessionEnded { id: row(2, "", "").id });
    assert_eq!(uses.len(), 1);
    index.apply(Effect::EverySessionEnded);
    assert_eq!(uses.len(), 0);
}

#[test]
fn with_photoprisms_database_only_uses_are_gathered() {
    let index = SessionIndex::default();
    index
        .apply(Effect::SessionCreated(Box::new(row(1, "local", "default")), Some(Box::new(bob()))));
    assert_eq!(index.verify(&[1; 32], &Question::default(), NOW), None);
    assert_eq!(index.inner().sessions().counts(), [0; 3], "its sessions are PhotoPrism's rows");
    index.apply(Effect::EverySessionReplaced);
    assert_eq!(index.place(), None);
    let (id, uses) = ([1; 32], index.uses());
    assert_eq!(uses.last_use(&id), None);
    index.note(&id, Some("192.0.2.1"), NOW);
    index.note(&id, None, NOW - 5);
    assert_eq!(uses.last_use(&id), Some(NOW));
    let seen = uses.oldest(10);
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].last_active, seen[0].client_ip.as_deref()), (NOW, Some("192.0.2.1")));
    uses.mark_flushed(&seen);
    assert_eq!(uses.last_use(&id), None);
}

/// Bytes of each session and of each account, where all differ in all that they can, and the tables
/// have just grown.
#[test]
fn a_session_takes_at_most_400_bytes_and_gives_them_back() {
    const SESSIONS: u32 = 60_000;
    let index = SessionIndex::to_fill();
    let session = |number: u32| Session {
        id: format!("{number:064x}"),
        ref_id: format!("sess{number:012}"),
        user_uid: format!("u{number:015}"),
        client_uid: format!("c{number:015}"),
        client_name: format!("{number:0180}"),
        scope: "dav".into(),
        ..row(1, "local", "default")
    };
    let account = |number: u32| Account {
        uid: format!("u{number:015}"),
        name: format!("n{number:063}"),
        email: format!("{number:0100}"),
        ..bob()
    };
    let add = |numbers: std::ops::Range<u32>| {
        for number in numbers {
            let account = Box::new(account(number));
            index.apply(Effect::SessionCreated(Box::new(session(number)), Some(account)));
        }
    };
    add(0..SESSIONS);
    let (sessions, accounts) = index.inner().sessions().allocated();
    assert_eq!(index.inner().sessions().counts(), [SESSIONS as usize; 3]);
    let each = [sessions, accounts].map(|bytes| bytes / SESSIONS as usize);
    assert!(each[0] <= 400 && each[1] <= 300, "{each:?} bytes");
    for number in 0..SESSIONS {
        index.apply(Effect::SessionEnded { id: session(number).id });
    }
    assert_eq!(index.inner().sessions().counts(), [0; 3]);
    // What later sessions take is what earlier ones gave back.
    add(SESSIONS..2 * SESSIONS);
    let again = index.inner().sessions().allocated();
    assert!(again.0 <= sessions + sessions / 10 && again.1 <= accounts + accounts / 10);
    index.apply(Effect::EverySessionEnded);
    let (sessions, accounts) = index.inner().sessions().allocated();
    assert!(sessions + accounts < 100_000);
}
