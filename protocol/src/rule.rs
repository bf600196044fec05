//! Why a value was refused.

use std::borrow::Cow;
use std::fmt;

use crate::error::{ErrorBody, ErrorCode};

/// One message for people: which rule a value breaks and what to do. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError(Cow<'static, str>);

impl RuleError {
    /// The refusal with that message.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(message.into())
    }

    /// The message.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RuleError {}

/// As it goes over the wire; the caller adds the `field`.
impl From<RuleError> for ErrorBody {
    fn from(error: RuleError) -> Self {
        Self::new(ErrorCode::InvalidArgument, error.0)
    }
}

/// `Ok` where the rule holds, else the message.
pub fn require(holds: bool, message: &'static str) -> Result<(), RuleError> {
    if holds { Ok(()) } else { Err(RuleError::new(message)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_rule_is_an_invalid_argument() {
        let error = require(1 > 2, "one is not more than two").unwrap_err();
        assert_eq!(error.to_string(), "one is not more than two");
        let body = ErrorBody::from(error).at("n");
        assert_eq!(body.code, ErrorCode::InvalidArgument);
        assert_eq!(body.message, "one is not more than two");
        assert_eq!(body.field.as_deref(), Some("n"));
        assert_eq!(require(1 < 2, "never said"), Ok(()));
    }
}
