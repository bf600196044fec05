//! What only a start decides about the first admin.

use std::time::Duration;

use jiff::Timestamp;
use photoprism_protocol::name::UserName;
use tracing::{info, warn};

use super::database_lock::{failure, remembered};
use super::environment;
use super::error::StartupError;
use super::running::running;
use crate::admin_password::{ConfiguredPassword, read};
use crate::clock::random;
use crate::commands::App;
use crate::config::{AdminPassword, Id, Loaded, Scheme, Settings, Source, When};
use crate::hashing::Pool;
use crate::log;
use crate::model::{FIRST_ADMIN_ID, PasswordRules, initial_accounts};
use crate::store::{
    AdminPasswordState, CURSOR_KEY_BYTES, Database, DatabaseKind, Db, Expected, Kind, OpenOptions,
    account_by_id, admin_password_state, detect, first_admin_name, is_index, set_admin_password,
};

/// How long a start waits for its own database.
const READING: Duration = Duration::from_secs(5);

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
        backups: settings.database.backups.clone(),
        server: settings.database.server.clone(),
        make_directory: !settings.database.given,
        accounts: initial_accounts(admin, now, &mut random),
        cursor_key,
        expected,
        running: running(settings),
    })
    .map_err(|error| failure(&settings.database, error))
}

/// The configured password of the first admin, as far as it was read.
pub(super) enum EarlyPassword {
    /// Only an open database says whether it is used.
    Unread,
    /// Read, and it keeps the rules; `None` where none is configured.
    Read(Option<ConfiguredPassword>),
}

impl EarlyPassword {
    /// Reads it where this start is going to create the database: one that breaks a rule must not
    /// leave a database behind, whose first name would then stay.
    pub(super) fn before_creation(
        settings: &Settings,
        admin: &UserName,
    ) -> Result<Self, StartupError> {
        let path = &settings.database.path;
        let is_new = settings.database.server.is_none()
            && matches!(detect(path), Ok(DatabaseKind::Nothing))
            && !is_index(path)
            && remembered(path) == Expected::Unknown;
        if !is_new {
            return Ok(Self::Unread);
        }
        let bcrypt = settings.password_hash == Some(Scheme::Bcrypt);
        let rules = PasswordRules { min_chars: settings.password_length, bcrypt };
        let source = &settings.admin_password;
        Ok(Self::Read(read(source, When::Start, &environment, &rules, admin.as_str())?))
    }
}

/// What is configured about the first admin.
pub(super) struct FirstAdmin<'a> {
    pub(super) settings: &'a Settings,
    pub(super) name: &'a UserName,
    pub(super) rules: &'a PasswordRules,
}

/// Sets the configured password of the first admin, if that has never had one.
pub(super) fn set_password(
    slot: &Database,
    pool: &Pool,
    admin: &FirstAdmin<'_>,
    password: EarlyPassword,
    now: Timestamp,
) -> Result<(), StartupError> {
    let FirstAdmin { settings, name, rules } = admin;
    let Some(db) = slot.db().filter(|db| *db.kind() == Kind::Own) else { return Ok(()) };
    let source = &settings.admin_password;
    if admin_password_state(db).map_err(StartupError::reading(db))? == AdminPasswordState::WasSet {
        if *source != AdminPassword::None {
            info!("{}", UNUSED_PASSWORD);
        }
        return Ok(());
    }
    let password = match password {
        EarlyPassword::Read(password) => password,
        EarlyPassword::Unread => read(source, When::Start, &environment, rules, name.as_str())?,
    };
    let hash = match password {
        None => return Ok(()),
        Some(ConfiguredPassword::Hash(hash)) => hash,
        Some(ConfiguredPassword::Plain { password, warning }) => {
            if let Some(warning) = warning {
                warn!("{warning}");
            }
            pool.hash_blocking(password).map_err(StartupError::running)?.expose().to_owned()
        }
    };
    set_admin_password(db, FIRST_ADMIN_ID, &hash, now).map_err(StartupError::reading(db))
}

/// Logs that the first admin has no password, whether one was configured or declared.
pub(super) async fn log_missing_password(app: &App) {
    let without = |db: &Db| match admin_password_state(db)? {
        AdminPasswordState::NeverSet => first_admin_name(db, FIRST_ADMIN_ID),
        AdminPasswordState::WasSet => Ok(None),
    };
    if app.own
        && let Ok(Some(name)) = app.store.read(READING, without).await
    {
        info!("the first admin has no password yet: photoprism passwd {}", log::escape(&name));
    }
}

/// Why a configured password is without effect.
pub(super) const UNUSED_PASSWORD: &str = "the configured password of the first admin is not used: the account has had one; change it \
     with photoprism passwd";

/// Why a configured name is without effect, where the first admin has another one.
pub(super) fn unused_name(loaded: &Loaded, name: &str) -> Option<String> {
    let configured = &loaded.settings.admin_user;
    let is_given = *loaded.source(Id::AdminUser) != Source::Default;
    let differs = UserName::lookup_form(configured) != name;
    (is_given && differs).then(|| {
        format!(
            "the configured name of the first admin, {}, is not used: the account exists and is \
             called {}; rename it with photoprism users rename",
            log::escape(configured),
            log::escape(name)
        )
    })
}

/// Logs what is configured for the first start alone, and differs by now.
pub(super) fn log_unused_name(slot: &Database, loaded: &Loaded) -> Result<(), StartupError> {
    let Some(db) = slot.db().filter(|db| *db.kind() == Kind::Own) else { return Ok(()) };
    let first = account_by_id(db, FIRST_ADMIN_ID).map_err(StartupError::reading(db))?;
    if let Some(why) = first.and_then(|first| unused_name(loaded, &first.name)) {
        info!("{why}");
    }
    Ok(())
}
