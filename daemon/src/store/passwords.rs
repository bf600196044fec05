//! Password hashes.

use jiff::Timestamp;

use super::db::{Db, Tx};
use super::engine::Statement;
use super::error::StoreError;
use super::kept::check_kept;

const REPLACE: Statement<'_> =
    Statement::same("UPDATE passwords SET hash = ?2, updated_at = ?3 WHERE uid = ?1");

const ADD: Statement<'_> = Statement::same(
    "INSERT INTO passwords (uid, hash, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)",
);

const REMOVE: Statement<'_> = Statement::same("DELETE FROM passwords WHERE uid = ?1");

/// The stored hash of an account; `None` where there is none, or an empty one.
pub fn password_hash(db: &Db, uid: &str) -> Result<Option<String>, StoreError> {
    let statement = format!("SELECT hash FROM passwords WHERE uid = ?1{}", db.row_lock());
    let hash = db.one(Statement::same(&statement), &[uid.into()], |row| row.text(0))?;
    Ok(hash.filter(|hash| !hash.is_empty()))
}

const OF_COST: Statement<'_> = Statement::same(
    "SELECT hash FROM passwords WHERE substr(hash, 1, 2) = '$2' AND substr(hash, 4, 4) = ?1 LIMIT 1",
);

/// One of the stored bcrypt hashes of that cost, where there is one. Reads the whole table.
pub fn password_hash_of_cost(db: &Db, cost: u32) -> Result<Option<String>, StoreError> {
    let cost = format!("${cost:02}$");
    db.one(OF_COST, &[(&cost).into()], |row| row.text(0))
}

/// Stores the hash of an account, replacing another.
pub fn password_set(tx: &Tx<'_>, uid: &str, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    check_kept(tx, "passwords", &[("uid", uid.into()), ("hash", hash.into())])?;
    let values = [uid.into(), hash.into(), now.into()];
    tx.change_or_add([REPLACE, ADD], &values)
}

/// Removes the hash of an account; true if there was one.
pub fn password_remove(tx: &Tx<'_>, uid: &str) -> Result<bool, StoreError> {
    Ok(tx.change(REMOVE, &[uid.into()])? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::own;

    #[test]
    fn a_hash_is_found_by_its_cost() {
        let (_directory, db) = own();
        let found = |cost| password_hash_of_cost(&db, cost).unwrap();
        assert_eq!(found(13), None);
        db.begin().unwrap();
        let tx = Tx::new(&db);
        for (uid, hash) in [("u1", "$2y$13$a"), ("u2", "$argon2id$14$"), ("u3", "$2a$05$14$")] {
            password_set(&tx, uid, hash, Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(found(13).as_deref(), Some("$2y$13$a"));
        assert_eq!(found(14), None);
    }
}
