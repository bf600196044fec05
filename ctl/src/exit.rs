//! Exit codes: what a script decides by.

use std::process::ExitCode;

use photoprism_protocol::error::ErrorCode;

/// How a run ended. The numbers above 63 are those of sysexits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; an empty list is done.
    Done = 0,
    /// Failed, or the person said no.
    Failed = 1,
    /// Bad flags, bad values, or input needed and no terminal.
    Usage = 2,
    /// No such user, session or record.
    NotFound = 3,
    /// The daemon refuses this caller, or wrong credentials.
    Refused = 4,
    /// Exists, or in conflict.
    Exists = 5,
    /// Too many failures.
    RateLimited = 6,
    /// A dry run found something to do.
    Pending = 10,
    NoDaemon = 69,
    /// An internal error of the daemon, or an invalid reply.
    DaemonFault = 70,
    TryAgain = 75,
    /// No permission on the socket file.
    NoPermission = 77,
    /// Interrupted: 128 and the number of the signal.
    Interrupted = 130,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.number().into()
    }
}

impl From<ErrorCode> for Exit {
    fn from(code: ErrorCode) -> Self {
        use ErrorCode as C;
        match code {
            C::StorageFull => Self::Failed,
            C::BadRequest | C::InvalidArgument | C::ConfirmRequired => Self::Usage,
            C::NotFound => Self::NotFound,
            C::Forbidden | C::InvalidCredentials | C::PasscodeRequired => Self::Refused,
            C::Exists | C::Conflict => Self::Exists,
            C::RateLimited => Self::RateLimited,
            C::Internal | C::TooLarge | C::OutcomeUnknown => Self::DaemonFault,
            C::Busy | C::Unavailable => Self::TryAgain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_protocol_has_the_number_of_the_documentation() {
        let documented = [
            ("storage_full", 1),
            ("bad_request", 2),
            ("invalid_argument", 2),
            ("confirm_required", 2),
            ("not_found", 3),
            ("forbidden", 4),
            ("invalid_credentials", 4),
            ("passcode_required", 4),
            ("exists", 5),
            ("conflict", 5),
            ("rate_limited", 6),
            ("outcome_unknown", 70),
            ("internal", 70),
            ("too_large", 70),
            ("busy", 75),
            ("unavailable", 75),
        ];
        assert_eq!(documented.len(), ErrorCode::ALL.len());
        for (name, number) in documented {
            let code = ErrorCode::parse(name).expect(name);
            assert_eq!(Exit::from(code).number(), number, "{name}");
        }
    }
}
