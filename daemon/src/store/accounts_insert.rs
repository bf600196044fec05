//! New accounts, with all the rows that PhotoPrism creates for one.

use rusqlite::ToSql;

use super::accounts::values;
use super::db::Tx;
use super::error::StoreError;
use super::insert::{insert, insert_if_new};
use super::times::format_stored;
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
    let created_at = new.account.created_at.map(format_stored);
    let id = Some(new.account.id).filter(|id| *id != 0);
    let chosen = values(&new.account);
    let mut row: Vec<(&str, &dyn ToSql)> = vec![
        ("id", &id),
        ("user_uid", &new.account.uid),
        ("can_invite", &new.can_invite),
        ("invite_token", &new.invite_token),
        ("preview_token", &new.preview_token),
        ("download_token", &new.download_token),
        ("ref_id", &new.ref_id),
        ("created_at", &created_at),
        ("updated_at", &created_at),
    ];
    row.extend(EMPTY.map(|column| (column, &"" as &dyn ToSql)));
    row.extend(chosen.iter().map(|(column, value)| (*column, value as &dyn ToSql)));
    insert(tx, "auth_users", &row)?;
    let uid_and_times: [(&str, &dyn ToSql); 3] =
        [("user_uid", &new.account.uid), ("created_at", &created_at), ("updated_at", &created_at)];
    insert_details(tx, &uid_and_times)?;
    insert_settings(tx, &uid_and_times)
}

fn insert_details(tx: &Tx<'_>, first: &[(&str, &dyn ToSql)]) -> Result<(), StoreError> {
    let mut values = first.to_vec();
    // "zz" is PhotoPrism's unknown place.
    values.extend::<[(&str, &dyn ToSql); 2]>([("place_id", &"zz"), ("cell_id", &"zz")]);
    values.extend(DETAILS.map(|column| (column, &"" as &dyn ToSql)));
    let birth = ["birth_year", "birth_month", "birth_day"];
    values.extend(birth.map(|column| (column, &0 as &dyn ToSql)));
    insert_if_new(tx, "auth_users_details", &values)
}

fn insert_settings(tx: &Tx<'_>, first: &[(&str, &dyn ToSql)]) -> Result<(), StoreError> {
    let mut values = first.to_vec();
    values.extend(SETTINGS.map(|column| (column, &"" as &dyn ToSql)));
    values.extend(SETTINGS_NUMBERS.map(|column| (column, &0 as &dyn ToSql)));
    insert_if_new(tx, "auth_users_settings", &values)
}
