//! Accounts, sessions, and the rules about them, each once: plain types and pure functions at a
//! given instant, without I/O, SQL or the wire. The store parses what is stored into these types
//! and formats it again; every other module asks the rules here.

mod account;
mod change;
mod common;
pub(crate) mod datetime_parser;
mod effect;
mod ended;
mod introspect;
mod new_account;
pub(crate) mod passcodes;
mod password;
mod rights;
mod session;
mod times;

pub(crate) use self::account::{Account, Deleted, METHOD_2FA, Provider, Role};
pub(crate) use self::change::{
    Change, Changes, Property, Revocation, changes, needs_reload, revocations,
};
pub(crate) use self::effect::{AuditHead, CameBack, Effect, EffectHandler, Reverted, WithEffects};
pub(crate) use self::ended::{Ended, is_notifiable};
pub(crate) use self::introspect::{Owner, Question, Token, introspect};
pub(crate) use self::new_account::{FIRST_ADMIN_ID, NewAccount, initial_accounts};
pub(crate) use self::password::{PasswordRules, is_common, is_own_name};
pub(crate) use self::rights::{
    Edition, Obstacle, app_password_obstacle, effective_rights, first_disabling, has_webdav,
    login_obstacles,
};
pub(crate) use self::session::{LastUse, Lifetime, Session, SessionKind, scope_allows};
pub(crate) use self::times::{parse_expires_at, to_file_name, to_rfc3339};
