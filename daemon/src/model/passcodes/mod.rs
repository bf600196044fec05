//! Two-factor authentication: codes by time (RFC 6238) and the recovery code.

mod code;
mod key;
mod key_url;

pub(crate) use self::code::{STEP_SECONDS, recovery_code_matches, verify_totp};
pub(crate) use self::key::Key;
