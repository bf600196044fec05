//! New accounts, with all the rows that PhotoPrism creates for one.

use super::accounts::values;
use super::db::{Db, Tx};
use super::engine::{Statement, Value};
use super::error::StoreError;
use super::insert::insert;
use crate::model::NewAccount;

/// Texts of `auth_users_details` that nobody has entered yet: `''`, never NULL.
const DETAILS: [&str; 26] = [
    "subj_uid",
    "subj_src",
    "place_src",
    "name_title",
    "given_name",
    "middle_name",
    "family_name",
    "name_suffix",
    "nick_name",
    "name_src",
    "user_gender",
    "user_about",
    "user_bio",
    "user_location",
    "user_country",
    "user_phone",
    "site_url",
    "profile_url",
    "feed_url",
    "avatar_url",
    "org_title",
    "org_name",
    "org_email",
    "org_phone",
    "org_url",
    "id_url",
];

/// Texts of `auth_users_settings` that nobody has chosen yet.
const SETTINGS: [&str; 8] = [
    "ui_theme",
    "ui_language",
    "ui_time_zone",
    "maps_style",
    "index_path",
    "import_path",
    "upload_path",
    "default_page",
];

/// Numbers of `auth_users_settings`.
const SETTINGS_NUMBERS: [&str; 6] = [
    "maps_animate",
    "index_rescan",
    "import_move",
    "download_originals",
    "download_media_raw",
    "download_media_sidecar",
];

/// Columns of `auth_users` that are empty in a new account.
const EMPTY: [&str; 7] = [
    "user_uuid",
    "backup_email",
    "invited_by",
    "verify_token",
    "reset_token",
    "thumb",
    "thumb_src",
];

/// Creates an account with its details and settings rows, as at its `created_at`.
pub fn account_insert(tx: &Tx<'_>, new: &NewAccount) -> Result<(), StoreError> {
    account_row_insert(tx, new)?;
    side_rows_insert(tx, "user_uid = ?1", (&new.account.uid).into())
}

/// The id of the newest account.
pub fn newest_account(db: &Db) -> Result<i64, StoreError> {
    let statement = Statement::same("SELECT max(id) FROM auth_users");
    let newest = db.one(statement, &[], |row| row.optional_integer(0))?;
    Ok(newest.flatten().unwrap_or(0))
}

/// Creates the details and settings rows of all accounts behind that id, which
/// [`account_row_insert`] has created.
pub fn side_rows_insert_after(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    side_rows_insert(tx, "id > ?1", id.into())
}

/// Creates an account without those rows.
pub fn account_row_insert(tx: &Tx<'_>, new: &NewAccount) -> Result<(), StoreError> {
    let created_at = new.account.created_at.into();
    let id = Some(new.account.id).filter(|id| *id != 0);
    let mut row: Vec<(&str, Value<'_>)> = vec![
        ("id", id.into()),
        ("user_uid", (&new.account.uid).into()),
        ("can_invite", new.can_invite.into()),
        ("invite_token", (&new.invite_token).into()),
        ("preview_token", (&new.preview_token).into()),
        ("download_token", (&new.download_token).into()),
        ("ref_id", (&new.ref_id).into()),
        ("created_at", created_at),
        ("updated_at", created_at),
    ];
    row.extend(EMPTY.map(|column| (column, "".into())));
    row.extend(values(&new.account));
    insert(tx, "auth_users", &row)
}

/// Adds the rows that accounts lack in the tables that go with `auth_users`; an existing one is not changed.
fn side_rows_insert(tx: &Tx<'_>, which: &str, value: Value<'_>) -> Result<(), StoreError> {
    // "zz" is PhotoPrism's unknown place.
    let mut details = vec![("place_id", "'zz'"), ("cell_id", "'zz'")];
    details.extend(DETAILS.map(|column| (column, "''")));
    details.extend(["birth_year", "birth_month", "birth_day"].map(|column| (column, "0")));
    let mut settings: Vec<(&str, &str)> = SETTINGS.map(|column| (column, "''")).into();
    settings.extend(SETTINGS_NUMBERS.map(|column| (column, "0")));
    for (table, columns) in [("auth_users_details", details), ("auth_users_settings", settings)] {
        let Some(known) = tx.columns.of(table) else { continue };
        let own = ["user_uid", "created_at", "updated_at"].map(|column| (column, column));
        let there = own.into_iter().chain(columns).filter(|(name, _)| known.contains(*name));
        let (names, values): (Vec<&str>, Vec<&str>) = there.unzip();
        let statement = format!(
            "{} {table} ({}) SELECT {} FROM auth_users WHERE {which}",
            tx.dialect().insert_if_new(),
            names.join(", "),
            values.join(", ")
        );
        tx.change(Statement::same(&statement), &[value])?;
    }
    Ok(())
}
