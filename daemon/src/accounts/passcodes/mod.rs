//! Two-factor authentication: codes by time (RFC 6238) and the recovery code.

mod code;
mod key;
mod key_url;

pub use self::code::{STEP_SECONDS, matching_step, recovery_code_matches};
pub use self::key::{Key, UnusableKey};
