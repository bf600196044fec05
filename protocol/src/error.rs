//! What goes wrong on the wire: a stable code for programs, a message for people.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The contract of a refusal. Clients decide by it, never by the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The line did not decode, or names something unknown.
    BadRequest,
    /// Well-formed, but breaks a rule; `field` names the argument.
    InvalidArgument,
    /// A destructive command without `"confirm":true`.
    ConfirmRequired,
    /// No such user, session, record or backup.
    NotFound,
    /// The name or email is taken.
    Exists,
    /// Would break a rule that depends on other data.
    Conflict,
    /// This peer, or this socket, may not run this command.
    Forbidden,
    /// Login refused, for whatever reason.
    InvalidCredentials,
    /// The password was right and a passcode is needed.
    PasscodeRequired,
    /// Too many failures.
    RateLimited,
    /// A queue is full or the deadline passed before the work began.
    Busy,
    /// The line is over the limit.
    TooLarge,
    /// The database could not grow; reads go on.
    StorageFull,
    /// Shutting down, not built yet, database missing or locked for too long.
    Unavailable,
    /// It may have been done, and nobody knows yet: look, or send it again with the same key.
    OutcomeUnknown,
    /// An internal error; the message holds a request id that is also in the log.
    Internal,
}

impl ErrorCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::BadRequest,
        Self::InvalidArgument,
        Self::ConfirmRequired,
        Self::NotFound,
        Self::Exists,
        Self::Conflict,
        Self::Forbidden,
        Self::InvalidCredentials,
        Self::PasscodeRequired,
        Self::RateLimited,
        Self::Busy,
        Self::TooLarge,
        Self::StorageFull,
        Self::Unavailable,
        Self::OutcomeUnknown,
        Self::Internal,
    ];

    /// The code as it is on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::InvalidArgument => "invalid_argument",
            Self::ConfirmRequired => "confirm_required",
            Self::NotFound => "not_found",
            Self::Exists => "exists",
            Self::Conflict => "conflict",
            Self::Forbidden => "forbidden",
            Self::InvalidCredentials => "invalid_credentials",
            Self::PasscodeRequired => "passcode_required",
            Self::RateLimited => "rate_limited",
            Self::Busy => "busy",
            Self::TooLarge => "too_large",
            Self::StorageFull => "storage_full",
            Self::Unavailable => "unavailable",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Internal => "internal",
        }
    }

    /// The code of that name; `None` for one of a newer protocol.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }
}

/// A text, because newer daemons may have more of them.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for ErrorCode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ErrorCode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "examples": Self::ALL.map(Self::name)})
    }
}

/// The `error` object as the daemon writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorBody {
    /// What clients decide by; newer daemons may have more of them.
    pub code: ErrorCode,
    /// One message for people.
    pub message: Cow<'static, str>,
    /// The argument at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// Whole seconds until another attempt may succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Cow<'static, str>>,
}

impl ErrorBody {
    /// An error with nothing but its code and its message.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), field: None, retry_after_s: None, hint: None }
    }

    /// The same error, naming the argument at fault.
    pub fn at(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same error, saying what to do next.
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Its message with what to do next, as one text.
    pub fn text(&self) -> String {
        let hint = self.hint.as_deref().map(|hint| ["; ", hint].concat()).unwrap_or_default();
        [&*self.message, &hint].concat()
    }

    /// The same error, saying after how many whole seconds to try again.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

/// The `error` object as a client reads it: codes that it does not know stay readable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyError {
    /// The code's name; [`ErrorCode::parse`] knows today's.
    pub code: String,
    /// One message for people.
    pub message: String,
    /// The argument at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Whole seconds until another attempt may succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_serde_writes() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.name()));
            assert_eq!(ErrorCode::parse(code.name()), Some(code));
        }
        assert_eq!(ErrorCode::parse("teapot"), None);
    }
}
