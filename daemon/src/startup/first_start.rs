//! What only a start decides about the first admin.

use jiff::Timestamp;
use photoprism_protocol::name::UserName;
use tracing::{info, warn};

use super::database_lock::failure;
use super::environment;
use super::error::StartupError;
use crate::admin_password::{ConfiguredPassword, read};
use crate::clock::random;
use crate::config::{Id, Loaded, Settings, When};
use crate::hashing::Pool;
use crate::model::{FIRST_ADMIN_ID, PasswordRules, initial_accounts};
use crate::store::{
    AdminPasswordState, CURSOR_KEY_BYTES, Database, Expected, Kind, OpenOptions,
    admin_password_state, set_admin_password,
};

/// The configured name of the first admin.
pub(super) fn admin_user(loaded: &Loaded) -> Result<UserName, StartupError> {
    UserName::parse(&loaded.settings.admin_user)
        .map_err(|rule| loaded.refuse(Id::AdminUser, rule.to_string()).into())
}

/// Opens the database, with the initial contents for a new one.
pub(super) fn open(
    settings: &Settings,
    admin: &UserName,
    now: Timestamp,
    expected: Expected,
) -> Result<Database, StartupError> {
    let mut random = random;
    let mut cursor_key = [0; CURSOR_KEY_BYTES];
    random(&mut cursor_key);
    Database::open(OpenOptions {
        path: settings.database.path.clone(),
        make_directory: !settings.database.given,
        accounts: initial_accounts(admin, now, &mut random),
        cursor_key,
        expected,
        session_cache: settings.session_cache,
    })
    .map_err(|error| failure(&settings.database.path, error))
}

/// Sets the configured password of the first admin, if that has never had one.
pub(super) fn set_password(
    slot: &Database,
    settings: &Settings,
    admin: &UserName,
    pool: &Pool,
    rules: &PasswordRules,
    now: Timestamp,
) -> Result<(), StartupError> {
    let Some(db) = slot.db().filter(|db| *db.kind() == Kind::Own) else { return Ok(()) };
    if admin_password_state(db).map_err(StartupError::running)? == AdminPasswordState::WasSet {
        return Ok(());
    }
    let source = &settings.admin_password;
    let hash = match read(source, When::Start, &environment, rules, admin.as_str())? {
        None => {
            info!("the first admin has no password yet: photoprism passwd {}", admin.as_str());
            return Ok(());
        }
        Some(ConfiguredPassword::Hash(hash)) => hash,
        Some(ConfiguredPassword::Plain { password, warning }) => {
            if let Some(warning) = warning {
                warn!("{warning}");
            }
            pool.hash_blocking(password).map_err(StartupError::running)?.expose().to_owned()
        }
    };
    set_admin_password(db, FIRST_ADMIN_ID, &hash, now).map_err(StartupError::running)
}
