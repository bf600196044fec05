//! What a database can keep of an account. PhotoPrism's keeps less than the daemon's own.

use crate::error::CommandError;
use crate::store::{Db, Kind, UserRow, keeps_text};

/// Most bytes of a name that PhotoPrism's login form takes.
const MAX_NAME_BYTES: usize = 64;

/// The texts that people choose: argument, column, value.
type Text = (&'static str, &'static str, fn(&UserRow) -> &str);

const TEXTS: [Text; 8] = [
    ("name", "user_name", |row| &row.name),
    ("display_name", "display_name", |row| &row.display_name),
    ("email", "user_email", |row| &row.email),
    ("auth_id", "auth_id", |row| &row.auth_id),
    ("auth_issuer", "auth_issuer", |row| &row.auth_issuer),
    ("base_path", "base_path", |row| &row.base_path),
    ("upload_path", "upload_path", |row| &row.upload_path),
    ("attr", "user_attr", |row| &row.attr),
];

/// Refuses texts that this database would return changed, and names that nobody could log in with
/// there. What does not change stays as it was stored.
pub fn check_stored_form(db: &Db, before: &UserRow, after: &UserRow) -> Result<(), CommandError> {
    if *db.kind() != Kind::Own && before.name != after.name && after.name.len() > MAX_NAME_BYTES {
        return Err(CommandError::broken(
            "name",
            "PhotoPrism's login takes names of at most 64 bytes; choose a shorter one",
        ));
    }
    let changed = |(_, column, of): &&Text| {
        of(before) != of(after) && !keeps_text(db, "auth_users", column, of(after))
    };
    match TEXTS.iter().find(changed) {
        None => Ok(()),
        Some((field, ..)) => Err(CommandError::not_kept(*field)),
    }
}
