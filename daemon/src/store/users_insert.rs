//! New accounts, with all the rows that PhotoPrism creates for one.

use rusqlite::ToSql;

use super::db::Tx;
use super::error::StoreError;
use super::insert::{insert, insert_if_new};

/// A new account. Times are PhotoPrism's text.
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the row has these columns")]
pub struct NewUser {
    /// Row id; `None`: the next one.
    pub id: Option<i64>,
    /// UID.
    pub uid: String,
    /// Reference id.
    pub ref_id: String,
    /// Login name.
    pub name: String,
    /// Full name.
    pub display_name: String,
    /// Email address.
    pub email: String,
    /// Role.
    pub role: String,
    /// Provider.
    pub provider: String,
    /// Subject or distinguished name.
    pub auth_id: String,
    /// Issuer of that subject.
    pub auth_issuer: String,
    /// Full access.
    pub super_admin: bool,
    /// May log in with the password.
    pub can_login: bool,
    /// May use WebDAV.
    pub webdav: bool,
    /// Base directory.
    pub base_path: String,
    /// Sub-directory for uploads.
    pub upload_path: String,
    /// Attributes.
    pub attr: String,
    /// Expiry of the account; `None`: never.
    pub expires_at: Option<String>,
    /// May invite others: the first admin.
    pub can_invite: bool,
    /// Token of those invitations.
    pub invite_token: String,
    /// Token of preview addresses.
    pub preview_token: String,
    /// Token of download addresses.
    pub download_token: String,
    /// Created now.
    pub created_at: String,
}

/// Texts of `auth_users_details` that nobody has entered yet: `''`, never NULL (`spec/data.md`).
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

/// Creates an account with its details and settings rows.
pub fn user_insert(tx: &Tx<'_>, new: &NewUser) -> Result<(), StoreError> {
    let values: [(&str, &dyn ToSql); 30] = [
        ("id", &new.id),
        ("user_uuid", &""),
        ("user_uid", &new.uid),
        ("auth_provider", &new.provider),
        ("auth_method", &""),
        ("auth_issuer", &new.auth_issuer),
        ("auth_id", &new.auth_id),
        ("user_name", &new.name),
        ("display_name", &new.display_name),
        ("user_email", &new.email),
        ("backup_email", &""),
        ("user_role", &new.role),
        ("user_attr", &new.attr),
        ("super_admin", &new.super_admin),
        ("can_login", &new.can_login),
        ("expires_at", &new.expires_at),
        ("webdav", &new.webdav),
        ("base_path", &new.base_path),
        ("upload_path", &new.upload_path),
        ("can_invite", &new.can_invite),
        ("invite_token", &new.invite_token),
        ("invited_by", &""),
        ("verify_token", &""),
        ("reset_token", &""),
        ("preview_token", &new.preview_token),
        ("download_token", &new.download_token),
        ("thumb", &""),
        ("thumb_src", &""),
        ("ref_id", &new.ref_id),
        ("created_at", &new.created_at),
    ];
    insert(tx, "auth_users", &[&values[..], &[("updated_at", &new.created_at)]].concat())?;
    insert_details(tx, new)?;
    insert_settings(tx, new)
}

/// The first columns of every row of the account's two other tables.
fn beginning(new: &NewUser) -> Vec<(&'static str, &dyn ToSql)> {
    vec![("user_uid", &new.uid), ("created_at", &new.created_at), ("updated_at", &new.created_at)]
}

fn insert_details(tx: &Tx<'_>, new: &NewUser) -> Result<(), StoreError> {
    let mut values = beginning(new);
    // "zz" is PhotoPrism's unknown place.
    values.extend::<[(&str, &dyn ToSql); 2]>([("place_id", &"zz"), ("cell_id", &"zz")]);
    values.extend(DETAILS.map(|column| (column, &"" as &dyn ToSql)));
    let birth = ["birth_year", "birth_month", "birth_day"];
    values.extend(birth.map(|column| (column, &0 as &dyn ToSql)));
    insert_if_new(tx, "auth_users_details", &values)
}

fn insert_settings(tx: &Tx<'_>, new: &NewUser) -> Result<(), StoreError> {
    let mut values = beginning(new);
    values.extend(SETTINGS.map(|column| (column, &"" as &dyn ToSql)));
    values.extend(SETTINGS_NUMBERS.map(|column| (column, &0 as &dyn ToSql)));
    insert_if_new(tx, "auth_users_settings", &values)
}
