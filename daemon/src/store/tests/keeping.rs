//! No text is written that its column would return changed, whichever function writes it.

use jiff::Timestamp;
use photoprism_protocol::secret::Secret;

use super::super::testing::{own, photoprism};
use super::super::*;
use crate::model::{Account, NewAccount, Provider, Role, Session};

const NOW: Timestamp = Timestamp::constant(1_795_521_600, 0);
const BOB: &str = "u0000000000000bob";

/// A text for each writer and each of its columns.
type Write = (&'static str, fn(&Tx<'_>, &str) -> Result<(), StoreError>);

fn bob() -> Account {
    Account { uid: BOB.into(), name: "bob".into(), created_at: Some(NOW), ..Account::default() }
}

fn new_bob() -> NewAccount {
    NewAccount { account: bob(), ..NewAccount::default() }
}

fn session() -> Session {
    Session {
        id: "a".repeat(64),
        user_uid: BOB.into(),
        created_at: Some(NOW),
        ..Session::default()
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

fn new(tx: &Tx<'_>, change: impl FnOnce(&mut NewAccount)) -> Result<(), StoreError> {
    let account = Account { uid: "u000000000000new".into(), ..bob() };
    let mut new = NewAccount { account, ..NewAccount::default() };
    change(&mut new);
    account_insert(tx, &new)
}

fn new_session(tx: &Tx<'_>, change: impl FnOnce(&mut Session)) -> Result<(), StoreError> {
    let mut row = session();
    change(&mut row);
    session_insert(tx, &row)
}

fn changed(tx: &Tx<'_>, change: impl FnOnce(&mut Account)) -> Result<(), StoreError> {
    let mut after = bob();
    change(&mut after);
    account_update(tx, &bob(), &after, NOW)
}

/// Every text of an account, its secrets and its sessions that a command can set.
fn writes() -> Vec<Write> {
    vec![
        ("user_uid", |tx, text| new(tx, |new| new.account.uid = text.into())),
        ("ref_id", |tx, text| new(tx, |new| new.ref_id = text.into())),
        ("user_name", |tx, text| new(tx, |new| new.account.name = text.into())),
        ("display_name", |tx, text| new(tx, |new| new.account.display_name = text.into())),
        ("user_email", |tx, text| new(tx, |new| new.account.email = text.into())),
        ("user_role", |tx, text| new(tx, |new| new.account.role = Role::from_stored(text.into()))),
        ("auth_provider", |tx, text| {
            new(tx, |new| new.account.provider = Provider::from_stored(text.into()))
        }),
        ("auth_id", |tx, text| new(tx, |new| new.account.auth_id = text.into())),
        ("auth_issuer", |tx, text| new(tx, |new| new.account.auth_issuer = text.into())),
        ("base_path", |tx, text| new(tx, |new| new.account.base_path = text.into())),
        ("upload_path", |tx, text| new(tx, |new| new.account.upload_path = text.into())),
        ("user_attr", |tx, text| new(tx, |new| new.account.attr = text.into())),
        ("invite_token", |tx, text| new(tx, |new| new.invite_token = text.into())),
        ("preview_token", |tx, text| new(tx, |new| new.preview_token = text.into())),
        ("download_token", |tx, text| new(tx, |new| new.download_token = text.into())),
        ("auth_id", |tx, text| changed(tx, |account| account.auth_id = text.into())),
        ("auth_issuer", |tx, text| changed(tx, |account| account.auth_issuer = text.into())),
        ("base_path", |tx, text| changed(tx, |account| account.base_path = text.into())),
        ("user_name", |tx, text| account_rename(tx, &bob(), text, NOW)),
        ("hash", |tx, text| password_set(tx, BOB, text, NOW)),
        ("uid", |tx, text| password_set(tx, text, "hash", NOW)),
        ("key_url", |tx, text| passcode_enroll(tx, BOB, &secret(text), NOW).map(|_| ())),
        ("recovery_code", |tx, text| passcode_activate(tx, BOB, &secret(text), NOW).map(|_| ())),
        ("recovery_code", |tx, text| {
            passcode_set_recovery(tx, BOB, &secret(text), NOW).map(|_| ())
        }),
        ("id", |tx, text| new_session(tx, |row| row.id = text.into())),
        ("ref_id", |tx, text| new_session(tx, |row| row.ref_id = text.into())),
        ("client_uid", |tx, text| new_session(tx, |row| row.client_uid = text.into())),
        ("client_name", |tx, text| new_session(tx, |row| row.client_name = text.into())),
        ("auth_id", |tx, text| new_session(tx, |row| row.auth_id = text.into())),
        ("auth_scope", |tx, text| new_session(tx, |row| row.scope = text.into())),
        ("user_agent", |tx, text| new_session(tx, |row| row.user_agent = text.into())),
    ]
}

#[test]
fn a_text_that_would_come_back_changed_is_not_written() {
    // Every text is VARBINARY there.
    let (_directory, db) = photoprism();
    let tx = Tx::new(&db);
    account_insert(&tx, &new_bob()).unwrap();
    let changes = db.sqlite().unwrap().total_changes();
    for (number, (column, write)) in writes().into_iter().enumerate() {
        for text in ["007", "1e5000", "123456789012345678901", " 5", "7.0"] {
            match write(&tx, text) {
                Err(StoreError::NotKept { column: refused }) => assert_eq!(refused, column),
                other => panic!("{number} {column} {text}: {other:?}"),
            }
        }
    }
    assert_eq!(db.sqlite().unwrap().total_changes(), changes);
}

#[test]
fn a_text_that_comes_back_is_written() {
    for (_directory, db) in [photoprism(), own()] {
        let tx = Tx::new(&db);
        let texts: &[&str] = if *db.kind() == Kind::Own { &["007", "1e5"] } else { &["70", "x1"] };
        if *db.kind() != Kind::Own {
            db.sqlite()
                .unwrap()
                .execute_batch(include_str!("../migrations/0001/admin.sql"))
                .unwrap();
        }
        account_insert(&tx, &new_bob()).unwrap();
        for (column, write) in writes() {
            for text in texts {
                db.savepoint().unwrap();
                write(&tx, text).unwrap_or_else(|error| panic!("{column} {text}: {error}"));
                db.rollback_to().unwrap();
            }
        }
    }
}

#[test]
fn a_piece_that_fails_leaves_nothing_and_those_around_it_stay() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    db.begin().unwrap();
    let name = |at: u8| format!("u00000000000000{at}x");
    for at in 0..3 {
        let done = tx.piece(|| {
            let account = Account { uid: name(at), ..bob() };
            account_insert(&tx, &NewAccount { account, ..NewAccount::default() })?;
            if at == 1 { Err(StoreError::Other("refused".into())) } else { Ok(at) }
        });
        assert_eq!(done.is_ok(), at != 1);
    }
    db.commit().unwrap();
    let there = |at: u8| account_by_uid(&db, &name(at)).unwrap().is_some();
    assert_eq!([there(0), there(1), there(2)], [true, false, true]);
}
