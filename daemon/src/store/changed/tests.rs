use photoprism_protocol::role;

use super::*;
use crate::model::{NewAccount, Role};
use crate::store::attached;
use crate::store::testing::{own, photoprism};
use crate::store::{account_by_uid, account_insert, account_update, accounts_delete};

const NOW: i64 = 1_795_953_600;

fn remembered(db: &Db) -> u64 {
    let all = Statement::same("SELECT count(*) FROM own.admin_changed");
    db.number(all.own(), &[]).unwrap()
}

fn user(db: &Db, uid: &str) {
    let (uid, name) = (uid.to_owned(), format!("name of {uid}"));
    let account = Account { uid, name, role: Role::Known(role::Role::Admin), ..Account::default() };
    let new = NewAccount { account, ..NewAccount::default() };
    account_insert(&Tx::new(db), &new).unwrap();
}

fn set_role(db: &Db, uid: &str, role: Role) {
    let before = account_by_uid(db, uid).unwrap().unwrap();
    let after = Account { role, ..before.clone() };
    let now = Timestamp::from_second(NOW).unwrap();
    account_update(&Tx::new(db), &before, &after, now).unwrap();
}

fn photoprism_db() -> (tempfile::TempDir, Db) {
    let (directory, mut db) = photoprism();
    attached::ready(&mut db).unwrap();
    (directory, db)
}

#[test]
fn only_so_many_are_remembered_and_only_for_so_long() {
    let (_directory, db) = photoprism_db();
    db.begin().unwrap();
    for number in 0..MOST + 5 {
        let uid = format!("u{number:015}");
        user(&db, &uid);
        set_role(&db, &uid, Role::Known(role::Role::Guest));
    }
    db.commit().unwrap();
    assert!(changes_due(&db, NOW).unwrap());
    report_changes(&Tx::new(&db), NOW).unwrap();
    assert_eq!(remembered(&db), u64::from(MOST));
    assert!(!changes_due(&db, NOW + db.window()).unwrap());
    assert!(changes_due(&db, NOW + db.window() + 1).unwrap());
    report_changes(&Tx::new(&db), NOW + db.window() + 1).unwrap();
    assert_eq!(remembered(&db), 0);
}

#[test]
fn of_accounts_that_are_deleted_together_the_last_are_remembered() {
    let (_directory, db) = photoprism_db();
    db.begin().unwrap();
    let uids: Vec<String> = (0..MOST + 5).map(|number| format!("u{number:015}")).collect();
    for uid in &uids {
        user(&db, uid);
    }
    let before = uids.iter().map(|uid| account_by_uid(&db, uid).unwrap().unwrap());
    let before: Vec<Account> = before.collect();
    let (tx, now) = (Tx::new(&db), Timestamp::from_second(NOW).unwrap());
    accounts_delete(&tx, &before.iter().collect::<Vec<_>>(), now).unwrap();
    let gone = |uid: &String| account_by_uid(&db, uid).unwrap().unwrap().is_deleted();
    assert!(uids.iter().all(gone));
    remember_accounts(&tx, &before, now).unwrap();
    db.commit().unwrap();
    assert_eq!(remembered(&db), u64::from(MOST));
    let is_remembered = |uid: &str| {
        let known = changed(&db, "WHERE user_uid = ?1", uid).unwrap().pop();
        known.is_some_and(|known| known.rights["deleted"].set == "true")
    };
    assert!(!is_remembered(&uids[4]) && is_remembered(&uids[5]));
    assert!(
        accounts_delete(&tx, &[&Account { uid: "u".into(), ..Account::default() }], now).is_err()
    );
}

#[test]
fn a_change_that_leaves_the_rights_alone_is_not_remembered() {
    let (_directory, db) = photoprism_db();
    user(&db, "u1");
    let before = account_by_uid(&db, "u1").unwrap().unwrap();
    let after = Account { display_name: "One".into(), ..before.clone() };
    let now = Timestamp::from_second(NOW).unwrap();
    account_update(&Tx::new(&db), &before, &after, now).unwrap();
    assert_eq!(remembered(&db), 0);
    set_role(&db, "u1", Role::Known(role::Role::Guest));
    assert_eq!(remembered(&db), 1);
}

#[test]
fn what_was_reported_is_shown_for_a_week_whatever_the_clock_does() {
    let (_directory, db) = photoprism_db();
    user(&db, "u1");
    set_role(&db, "u1", Role::Known(role::Role::Guest));
    db.sqlite().unwrap().execute("UPDATE auth_users SET user_role = 'admin'", []).unwrap();
    assert!(changes_due(&db, NOW).unwrap());
    let tx = Tx::new(&db);
    report_changes(&tx, NOW).unwrap();
    let what = vec!["role is admin again, it was set to guest".to_owned()];
    let user_name = "name of u1".to_owned();
    let back = Reverted { user_name, what };
    assert_eq!(tx.take_effects(), [Effect::WentBack(back.clone())]);
    report_changes(&tx, NOW).unwrap();
    assert_eq!((tx.take_effects(), changes_due(&db, NOW).unwrap()), (vec![], false), "once");
    report_changes(&tx, NOW + SHOWN).unwrap();
    assert_eq!(reverted_changes(&db).unwrap(), [back]);
    assert!(changes_due(&db, NOW - SET_BACK - 1).unwrap());
    report_changes(&tx, NOW - SET_BACK - 1).unwrap();
    assert_eq!((remembered(&db), reverted_changes(&db).unwrap()), (0, vec![]));
}

#[test]
fn the_daemon_s_own_database_stores_nothing() {
    let (_directory, db) = own();
    user(&db, "u1");
    set_role(&db, "u1", Role::Known(role::Role::Guest));
    assert!(!changes_due(&db, NOW).unwrap() && reverted_changes(&db).unwrap().is_empty());
}
