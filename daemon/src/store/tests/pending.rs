//! Changes that were interrupted between the two files: the daemon finds out whether they were
//! committed, and removes the records and keys of those that were not.

use std::fs;

use rusqlite::Connection;

use super::fixture::{StoreFixture, number};
use crate::store::audit::{AuditEntry, own_entry};
use crate::store::database::Database;
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::group::commit;
use crate::store::sessions::delete_all_sessions;
use crate::store::{
    IdempotencyRecord, audit_append, audit_page, idempotency_find, idempotency_keep,
};

/// A group, and what happened to it in `index.db`.
struct Case {
    place: StoreFixture,
}

const CHANGE: &str = "UPDATE auth_users SET user_role = 'guest', updated_at = '2026-11-28 12:00:00'
    WHERE id = 1";

impl Case {
    /// A write before, so that the file exists; then the group, which is left pending. Returns
    /// `index.db` as it was before the group.
    fn new(before: &str, group: &[&str]) -> (Self, Vec<u8>) {
        let place = StoreFixture::new();
        place.photoprism("index.db");
        place.create("index.db", before);
        let mut slot = Database::open(place.options("index.db")).unwrap();
        run(&mut slot, "before", &["UPDATE auth_users SET user_attr = 'x' WHERE id = 1"]);
        slot.after_commit(&Ok(()));
        let copy = fs::read(place.at("index.db")).unwrap();
        run(&mut slot, "group", group);
        drop(slot);
        (Self { place }, copy)
    }

    fn put_back(&self, copy: &[u8]) {
        fs::write(self.place.at("index.db"), copy).unwrap();
    }

    /// Runs statements as PhotoPrism, before the daemon starts again.
    fn photoprism_runs(&self, statements: &str) {
        Connection::open(self.place.at("index.db")).unwrap().execute_batch(statements).unwrap();
    }

    /// The newest record after a start, and whether the key still has its result.
    fn start(&self) -> (String, String, bool) {
        let mut slot = Database::open(self.place.options("index.db")).unwrap();
        let db = slot.get().unwrap();
        assert_eq!(number(db, "SELECT count(*) FROM admin.admin_group"), 0);
        assert!(idempotency_find(db, 0, "before", 1001).unwrap().is_some());
        let newest = audit_page(db, i64::MAX, 1).unwrap().remove(0).entry;
        (newest.command, newest.target, idempotency_find(db, 0, "group", 1001).unwrap().is_some())
    }
}

fn run(slot: &mut Database, name: &str, statements: &[&str]) {
    slot.begin(|_| Ok(())).unwrap();
    let db = slot.db().unwrap();
    let tx = Tx::new(db);
    for statement in statements {
        // Commands that are rolled back leave nothing to compare.
        db.savepoint().unwrap();
        tx.sqlite().unwrap().execute("UPDATE auth_users SET user_attr = 'dry run'", []).unwrap();
        db.rollback_to().unwrap();
        db.savepoint().unwrap();
        tx.sqlite().unwrap().execute(statement, []).unwrap();
        db.release().unwrap();
    }
    finish(db, name);
}

/// The record and the key of the group, and its commit.
fn finish(db: &Db, name: &str) {
    let tx = Tx::new(db);
    db.savepoint().unwrap();
    audit_append(&tx, &own_entry("users.mod", name)).unwrap();
    let kept = IdempotencyRecord {
        command: "users.mod".into(),
        fingerprint: vec![1],
        password_of: String::new(),
        result: "{}".into(),
    };
    idempotency_keep(&tx, (0, name), &kept, 1000).unwrap();
    db.release().unwrap();
    commit(db, true).unwrap();
}

fn done() -> (String, String, bool) {
    ("users.mod".into(), "group".into(), true)
}

fn undone() -> (String, String, bool) {
    ("daemon.undone".into(), "record 2".into(), false)
}

const SESSION: &str =
    "INSERT INTO auth_sessions (id, user_uid, user_name) VALUES ('s1', 'u1', 'x')";

/// Other commits of PhotoPrism: the counter moves, the rows of the group do not.
const ELSEWHERE: &str = "INSERT INTO photos VALUES (1); INSERT INTO photos VALUES (2);";

fn groups() -> [(&'static str, &'static [&'static str]); 6] {
    [
        ("", &[CHANGE]),
        ("", &[SESSION]),
        (SESSION, &["DELETE FROM auth_sessions WHERE id = 's1'"]),
        (SESSION, &[CHANGE, "DELETE FROM auth_sessions WHERE user_name = 'x'"]),
        (
            "",
            &["INSERT INTO auth_users (id, user_uid, user_name) VALUES (9, 'u9', 'nine')", CHANGE],
        ),
        // As a restore does: the same account with another number.
        (
            "",
            &[
                "DELETE FROM auth_users",
                "INSERT INTO auth_users (id, user_uid, user_name, updated_at)
                 VALUES (5, 'uid0000000000001', 'photoprism', '2026-11-28 12:00:00')",
            ],
        ),
    ]
}

#[test]
fn what_was_committed_stays() {
    for (before, group) in groups() {
        for change in ["", ELSEWHERE, "UPDATE auth_users SET display_name = 'y' WHERE id = 1;"] {
            let (case, _) = Case::new(before, group);
            case.photoprism_runs(change);
            assert_eq!(case.start(), done(), "{group:?} {change}");
        }
    }
}

#[test]
fn what_was_not_committed_is_undone_here_as_well() {
    for (before, group) in groups() {
        for change in ["", ELSEWHERE, "UPDATE auth_users SET display_name = 'y' WHERE id = 1;"] {
            let (case, copy) = Case::new(before, group);
            case.put_back(&copy);
            case.photoprism_runs(change);
            assert_eq!(case.start(), undone(), "{group:?} {change}");
            assert_eq!(case.start(), undone(), "and only once");
        }
    }
}

#[test]
fn a_table_that_is_emptied_as_a_whole_is_noticed() {
    for (put_back, change) in [(false, ""), (true, ""), (false, ELSEWHERE), (true, ELSEWHERE)] {
        let place = StoreFixture::new();
        place.photoprism("index.db");
        place.create("index.db", SESSION);
        let mut slot = Database::open(place.options("index.db")).unwrap();
        run(&mut slot, "before", &["UPDATE auth_users SET user_attr = 'x' WHERE id = 1"]);
        slot.after_commit(&Ok(()));
        let copy = fs::read(place.at("index.db")).unwrap();
        slot.begin(|_| Ok(())).unwrap();
        delete_all_sessions(&Tx::new(slot.db().unwrap()), 0).unwrap();
        finish(slot.db().unwrap(), "group");
        drop(slot);
        let case = Case { place };
        if put_back {
            case.put_back(&copy);
        }
        case.photoprism_runs(change);
        assert_eq!(case.start(), if put_back { undone() } else { done() }, "{change}");
    }
}

#[test]
fn what_photoprism_changed_since_in_the_same_row_hides_nothing() {
    let again = "UPDATE auth_users SET display_name = 'y', updated_at = '2026-11-28 12:00:09'
        WHERE id = 1;";
    let (case, _) = Case::new("", &[CHANGE]);
    case.photoprism_runs(again);
    assert_eq!(case.start(), done());
    let (case, _) = Case::new("", &[CHANGE]);
    case.photoprism_runs(
        "UPDATE auth_users SET user_role = 'other', updated_at = '2026-11-28 12:00:09'",
    );
    let (command, _, answers) = case.start();
    assert_eq!((command.as_str(), answers), ("daemon.unclear", false));
}

#[test]
fn a_group_that_leaves_photoprism_s_file_alone_is_not_compared() {
    // Other commands that were rolled back change nothing of that.
    let (case, copy) = Case::new("", &["UPDATE photos SET id = 1 WHERE false"]);
    case.put_back(&copy);
    assert_eq!(case.start(), done());
}

#[test]
fn what_was_only_gathered_leaves_no_record() {
    let (case, _) = Case::new(SESSION, &[]);
    let mut slot = Database::open(case.place.options("index.db")).unwrap();
    let copy = fs::read(case.place.at("index.db")).unwrap();
    slot.begin(|_| Ok(())).unwrap();
    let db = slot.db().unwrap();
    db.sqlite().unwrap().execute("UPDATE auth_sessions SET last_active = 7", []).unwrap();
    commit(db, true).unwrap();
    assert_eq!(number(db, "SELECT count(*) FROM admin.admin_group"), 1);
    drop(slot);
    case.put_back(&copy);
    assert_eq!(case.start(), done());
}

#[test]
fn a_commit_that_failed_half_way_is_compared_before_the_next_read() {
    let (case, copy) = Case::new("", &[CHANGE]);
    case.put_back(&copy);
    // The group is in the daemon's file only, as after a failed deletion of the journal.
    let mut slot = Database::open(case.place.options("index.db")).unwrap();
    run(&mut slot, "half", &[CHANGE]);
    slot.after_commit(&Err(StoreError::Other("disk I/O error".into())));
    assert!(slot.db().is_none(), "it is opened again");
    let db = slot.get().unwrap();
    assert_eq!(number(db, "SELECT count(*) FROM admin.admin_group"), 0);
}

#[test]
fn under_another_path_the_same_is_found() {
    for (before, group) in groups() {
        let (case, copy) = Case::new(before, group);
        case.put_back(&copy);
        let moved = StoreFixture::new();
        for name in ["index.db", "photoprism-admin.db", "photoprism-admin.db-wal"] {
            let _ = fs::rename(case.place.at(name), moved.at(name));
        }
        assert_eq!(Case { place: moved }.start(), undone());
    }
}

#[test]
fn no_secret_is_kept_of_the_rows() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = Database::open(place.options("index.db")).unwrap();
    let insert = "INSERT INTO passwords (uid, hash) VALUES ('u1', 'canary of a hash')";
    run(&mut slot, "one", &[insert]);
    let db: &Db = slot.db().unwrap();
    let content: Vec<u8> = db
        .sqlite()
        .unwrap()
        .query_row("SELECT content FROM admin.admin_group", [], |row| row.get(0))
        .unwrap();
    assert!(!content.windows(6).any(|bytes| bytes == b"canary"));
    assert!(content.windows(9).any(|bytes| bytes == b"passwords"));
}

#[test]
fn a_group_that_was_cut_off_ends_no_session() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let now = own_entry("", "").at;
    place.create("index.db", &format!("{SESSION}; UPDATE auth_sessions SET last_active = {now}"));
    let mut slot = Database::open(place.options("index.db")).unwrap();
    run(&mut slot, "before", &["UPDATE auth_users SET user_attr = 'x' WHERE id = 1"]);
    slot.after_commit(&Ok(()));
    let copy = fs::read(place.at("index.db")).unwrap();
    let entries = "SELECT count(*) FROM admin.admin_ended";
    for (put_back, left) in [(true, 0), (false, 1)] {
        slot.begin(|_| Ok(())).unwrap();
        let db = slot.db().unwrap();
        // The record has the time at which it was written, like those of all commands.
        let at = own_entry("", "").at + 1;
        assert_eq!(delete_all_sessions(&Tx::new(db), at).unwrap(), 1);
        let entry = AuditEntry { at, ..own_entry("auth.reset", "") };
        audit_append(&Tx::new(db), &entry).unwrap();
        commit(db, true).unwrap();
        drop(slot);
        if put_back {
            fs::write(place.at("index.db"), &copy).unwrap();
        }
        slot = Database::open(place.options("index.db")).unwrap();
        assert_eq!(number(slot.get().unwrap(), entries), left, "{put_back}");
    }
}
