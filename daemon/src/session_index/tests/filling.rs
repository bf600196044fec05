//! An index that is half filled, and the commits meanwhile.

use super::*;

/// Sessions 1 to 4 are in it, 5 to 9 are not.
fn half() -> SessionIndex {
    let index = SessionIndex::to_fill();
    let rows = [
        row(1, "local", "default"),
        row(2, "application", "default"),
        child_of(3, 8),
        child_of(4, 2),
    ];
    index.add_sessions(&rows, Some(4));
    index
}

fn hex(number: u8) -> String {
    data_encoding::HEXLOWER.encode(&id(number))
}

fn created(row: Session, account: Account) -> Effect {
    Effect::SessionCreated(Box::new(row), Some(Box::new(account)))
}

/// Adds the other sessions, and Bob as the one account.
fn finish(index: &SessionIndex, rows: &[Session]) {
    index.add_sessions(rows, None);
    assert_eq!(index.place(), Some(Place::Accounts { after: i64::MIN }));
    index.add_accounts(&[bob()], None);
}

fn active(index: &SessionIndex) -> Vec<u8> {
    (1..=9).filter(|number| is_active(index, *number)).collect()
}

#[test]
fn until_it_is_full_the_database_is_read() {
    let index = half();
    for number in [1, 5, 9] {
        assert_eq!(index.verify(&id(number), &Question::default(), NOW), None);
    }
    assert_eq!(index.place(), Some(Place::Sessions { after: 4 }));
    assert_eq!(index.uses().len(), 0, "it was not checked");
    finish(&index, &[row(5, "local", "default")]);
    assert_eq!(index.place(), None);
    assert_eq!(active(&index), [1, 2, 3, 4, 5]);
}

#[test]
fn a_session_that_is_created_is_there_once_wherever_it_comes() {
    let index = half();
    // One where the index is filled already, and one that filling will meet again.
    index.apply(created(row(0, "local", "default"), bob()));
    index.apply(created(row(7, "local", "default"), bob()));
    finish(&index, &[row(5, "local", "default"), row(7, "local", "default")]);
    assert!(is_active(&index, 0));
    assert_eq!(active(&index), [1, 2, 3, 4, 5, 7]);
    index.apply(Effect::SessionsEnded { uid: "uid1".into(), all: true });
    assert_eq!(index.inner().sessions().counts(), [0; 3]);
}

#[test]
fn a_session_that_ends_before_filling_comes_to_it_stays_ended() {
    let index = half();
    index.apply(created(row(7, "local", "default"), bob()));
    for number in [1, 6, 7] {
        index.apply(Effect::SessionEnded { id: hex(number) });
    }
    finish(&index, &[row(5, "local", "default")]);
    assert_eq!(active(&index), [2, 3, 4, 5]);
}

#[test]
fn those_created_from_an_app_password_end_with_it_in_whatever_order_they_came() {
    let index = half();
    // 3 was created from 8, which filling has not met.
    index.apply(Effect::SessionEnded { id: hex(8) });
    index.apply(Effect::SessionEnded { id: hex(2) });
    finish(&index, &[row(9, "local", "default")]);
    assert_eq!(active(&index), [1, 9]);
    assert_eq!(index.inner().sessions().counts(), [2, 1, 1], "nothing is left of the others");
    let index = half();
    finish(&index, &[row(8, "application", "default")]);
    index.apply(Effect::SessionEnded { id: hex(8) });
    assert_eq!(active(&index), [1, 2, 4]);
}

#[test]
fn an_account_that_changes_is_as_it_is_now() {
    let index = half();
    let disabled = |account| Account { deleted: crate::model::Deleted::AtUnknownTime, ..account };
    let [eve, dan] = ["uid2", "uid3"].map(|uid| Account { uid: uid.into(), ..bob() });
    let of = |account: &Account, number| Session {
        user_uid: account.uid.clone(),
        ..row(number, "local", "default")
    };
    // One changes before its first session comes, one before it comes itself, one after that.
    index.apply(Effect::AccountChanged(Box::new(disabled(eve.clone()))));
    index.add_sessions(&[row(5, "local", "default"), of(&eve, 6), of(&dan, 7)], None);
    index.apply(Effect::AccountChanged(Box::new(disabled(dan.clone()))));
    index.add_accounts(&[bob()], Some(1));
    index.apply(Effect::AccountChanged(Box::new(disabled(bob()))));
    assert_eq!(index.place(), Some(Place::Accounts { after: 1 }));
    index.add_accounts(&[disabled(eve.clone()), disabled(dan)], None);
    assert!(active(&index).is_empty());
    index.apply(Effect::AccountChanged(Box::new(eve)));
    assert_eq!(active(&index), [6]);
}

#[test]
fn a_session_of_an_account_that_is_gone_is_not_active_until_there_is_one() {
    let index = SessionIndex::to_fill();
    index.add_sessions(&[row(1, "local", "default")], None);
    index.add_accounts(&[], None);
    assert!(active(&index).is_empty());
    index.apply(Effect::AccountChanged(Box::new(bob())));
    assert_eq!(active(&index), [1]);
}

#[test]
fn an_account_that_loses_its_last_session_comes_back_with_the_next() {
    let index = half();
    index.apply(Effect::SessionsEnded { uid: "uid1".into(), all: true });
    finish(&index, &[row(5, "local", "default")]);
    index.apply(Effect::SessionEnded { id: hex(5) });
    assert_eq!(index.inner().sessions().counts(), [0; 3]);
    index.apply(created(row(6, "local", "default"), bob()));
    assert_eq!(active(&index), [6]);
}

#[test]
fn when_everything_ends_filling_goes_on() {
    let index = half();
    index.apply(Effect::EverySessionEnded);
    assert_eq!(index.place(), Some(Place::Sessions { after: 4 }));
    index.apply(created(row(1, "local", "default"), bob()));
    index.apply(created(row(7, "local", "default"), bob()));
    finish(&index, &[row(7, "local", "default")]);
    assert_eq!(active(&index), [1, 7]);
}

#[tokio::test(flavor = "current_thread")]
async fn when_everything_is_replaced_filling_begins_again() {
    for index in [half(), full()] {
        index.apply(Effect::EverySessionReplaced);
        index.emptied().await;
        assert_eq!(index.place(), Some(Place::Sessions { after: i64::MIN }));
        assert_eq!(index.verify(&id(1), &Question::default(), NOW), None);
        finish(&index, &[row(2, "local", "default")]);
        assert_eq!(active(&index), [2]);
    }
}

#[test]
fn a_use_that_the_database_was_read_for_counts_as_any_other() {
    let idle = |number| Session { timeout: 50, expires: 0, ..row(number, "local", "default") };
    let (ask, used) = (Question::default(), NOW + 40);
    let created_at = "2027-01-15T08:00:00Z".parse().ok();
    let idle = |number| Session { created_at, ..idle(number) };
    let index = SessionIndex::to_fill();
    index.add_sessions(&[idle(1)], Some(1));
    // One is in the index already, the other one is added after its use.
    for number in [1, 2] {
        index.note(&id(number), None, used);
    }
    finish(&index, &[idle(2)]);
    // Written, and no longer pending.
    index.uses().mark_flushed(&index.uses().oldest(usize::MAX));
    assert!([1, 2].iter().all(|number| asked(&index, *number, &ask, used + 49)));
    assert!(![1, 2].iter().any(|number| asked(&index, *number, &ask, used + 99)));
}

#[test]
fn a_session_with_long_texts_is_checked_in_the_database_and_ends_as_others_do() {
    let long = |number, text: String| Session { scope: text, ..row(number, "local", "default") };
    let index = full();
    index.apply(created(long(5, "s".repeat(201)), bob()));
    index.apply(created(
        Session { ref_id: "sess1234567890abc".into(), ..row(6, "local", "default") },
        bob(),
    ));
    for number in [5, 6] {
        assert_eq!(index.verify(&id(number), &Question::default(), NOW), None);
    }
    index.apply(Effect::SessionEnded { id: hex(5) });
    index.apply(Effect::SessionsEnded { uid: "uid1".into(), all: false });
    let inactive = Some(Introspection::Inactive { active: false });
    for number in [5, 6] {
        assert_eq!(index.verify(&id(number), &Question::default(), NOW), inactive);
    }
}
