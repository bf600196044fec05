//! Accounts, sessions, and the rules about them, each once: plain types and pure functions at a
//! given instant, without I/O, SQL or the wire. The store parses what is stored into these types
//! and formats it again; every other module asks the rules here.

mod account;
mod change;
mod common;
pub(crate) mod datetime_parser;
mod effect;
mod introspect;
mod new_account;
pub mod passcodes;
mod password;
mod rights;
mod session;
mod times;

pub use self::account::{Account, Deleted, METHOD_2FA, Provider, Role};
pub use self::change::{Change, Changes, Property, Revocation, changes, revocations};
pub use self::effect::{AuditHead, CameBack, Effect, EffectHandler, Reverted, WithEffects};
pub use self::introspect::{Owner, Question, Token, introspect};
pub use self::new_account::{FIRST_ADMIN_ID, NewAccount, initial_accounts};
pub use self::password::{MAX_BCRYPT_BYTES, PasswordRules, is_common, is_own_name};
pub use self::rights::{
    Edition, Obstacle, Rights, disabled_since, effective_rights, first_disabling, login_obstacles,
};
pub use self::session::{LastUse, Lifetime, Session, SessionKind, effective_scope, scope_allows};
pub use self::times::{parse_expires_at, to_file_name, to_rfc3339};
