//! What an error of the server or of the connection means.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use mysql::Error;

use crate::store::error::StoreError;

/// The numbers of errors, each by the name that MariaDB's documentation has for it.
mod code {
    pub(super) const CHECKREAD: u16 = 1020;
    pub(super) const DISK_FULL: u16 = 1021;
    pub(super) const GET_ERRNO: u16 = 1030;
    pub(super) const OPEN_AS_READONLY: u16 = 1036;
    pub(super) const CON_COUNT_ERROR: u16 = 1040;
    pub(super) const DBACCESS_DENIED: u16 = 1044;
    pub(super) const ACCESS_DENIED: u16 = 1045;
    pub(super) const UNKNOWN_COM: u16 = 1047;
    pub(super) const BAD_DB: u16 = 1049;
    pub(super) const SERVER_SHUTDOWN: u16 = 1053;
    pub(super) const BAD_FIELD: u16 = 1054;
    pub(super) const DUP_ENTRY: u16 = 1062;
    pub(super) const RECORD_FILE_FULL: u16 = 1114;
    pub(super) const HOST_NOT_PRIVILEGED: u16 = 1130;
    pub(super) const WRONG_VALUE_COUNT: u16 = 1136;
    pub(super) const TABLEACCESS_DENIED: u16 = 1142;
    pub(super) const COLUMNACCESS_DENIED: u16 = 1143;
    pub(super) const NO_SUCH_TABLE: u16 = 1146;
    pub(super) const ERROR_DURING_COMMIT: u16 = 1180;
    pub(super) const TOO_MANY_USER_CONNECTIONS: u16 = 1203;
    pub(super) const LOCK_WAIT_TIMEOUT: u16 = 1205;
    pub(super) const LOCK_DEADLOCK: u16 = 1213;
    pub(super) const USER_LIMIT_REACHED: u16 = 1226;
    pub(super) const NOT_SUPPORTED_AUTH_MODE: u16 = 1251;
    pub(super) const OPTION_PREVENTS_STATEMENT: u16 = 1290;
    /// A savepoint that was there is not any more.
    pub(super) const SP_DOES_NOT_EXIST: u16 = 1305;
    pub(super) const QUERY_INTERRUPTED: u16 = 1317;
    pub(super) const PLUGIN_IS_NOT_LOADED: u16 = 1524;
    pub(super) const CANT_AGGREGATE_2COLLATIONS: u16 = 1267;
    pub(super) const NO_DEFAULT_FOR_FIELD: u16 = 1364;
    pub(super) const TRUNCATED_WRONG_VALUE_FOR_FIELD: u16 = 1366;
    pub(super) const TABLE_DEF_CHANGED: u16 = 1412;
    pub(super) const ROW_IS_REFERENCED: u16 = 1451;
    pub(super) const NO_REFERENCED_ROW: u16 = 1452;
    pub(super) const CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: u16 = 1792;
    pub(super) const MUST_CHANGE_PASSWORD: u16 = 1820;
    pub(super) const READ_ONLY_MODE: u16 = 1836;
    pub(super) const MUST_CHANGE_PASSWORD_LOGIN: u16 = 1862;
    pub(super) const CONNECTION_KILLED: u16 = 1927;
    pub(super) const STATEMENT_TIMEOUT: u16 = 1969;
    pub(super) const ACCESS_DENIED_NO_PASSWORD: u16 = 1698;
    pub(super) const SECURE_TRANSPORT_REQUIRED: u16 = 3159;
    pub(super) const READ_ONLY_TRANSACTION: u16 = 4047;
    pub(super) const ACCOUNT_HAS_BEEN_LOCKED: u16 = 4151;
}

/// Whether the connection must not be used again: the answer of a statement that timed out would be
/// delivered as that of the next one.
pub(super) fn is_lost(error: &Error) -> bool {
    match error {
        Error::MySqlError(error) => matches!(
            error.code,
            code::UNKNOWN_COM
                | code::SERVER_SHUTDOWN
                | code::ERROR_DURING_COMMIT
                | code::CONNECTION_KILLED
        ),
        Error::IoError(_)
        | Error::CodecError(_)
        | Error::DriverError(_)
        | Error::UrlError(_)
        | Error::FromValueError(_)
        | Error::FromRowError(_) => true,
    }
}

/// Whether a table or a column that was there is not any more.
pub(super) fn is_other_schema(error: &Error) -> bool {
    let Error::MySqlError(error) = error else { return false };
    matches!(error.code, code::BAD_FIELD | code::WRONG_VALUE_COUNT | code::NO_SUCH_TABLE)
}

/// Whether who logs in, or with what, is refused.
pub(super) fn is_refused_login(error: &Error) -> bool {
    let Error::MySqlError(error) = error else { return false };
    matches!(
        error.code,
        code::DBACCESS_DENIED
            | code::ACCESS_DENIED
            | code::HOST_NOT_PRIVILEGED
            | code::NOT_SUPPORTED_AUTH_MODE
            | code::PLUGIN_IS_NOT_LOADED
            | code::ACCESS_DENIED_NO_PASSWORD
            | code::MUST_CHANGE_PASSWORD
            | code::MUST_CHANGE_PASSWORD_LOGIN
            | code::SECURE_TRANSPORT_REQUIRED
            | code::ACCOUNT_HAS_BEEN_LOCKED
    )
}

/// Whether there is no such schema.
pub(super) fn is_missing_schema(error: &Error) -> bool {
    matches!(error, Error::MySqlError(error) if error.code == code::BAD_DB)
}

/// The server's own message; it has names of tables and of users in it, and no values that are
/// secret.
pub(super) fn message(error: &Error) -> String {
    if let Error::MySqlError(error) = error {
        return format!("{} ({})", error.message, error.code);
    }
    match of_system(error).map(io::Error::kind) {
        Some(ErrorKind::WouldBlock | ErrorKind::TimedOut) => "no answer in time".into(),
        Some(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => {
            "the connection was lost".into()
        }
        _ => match (of_system(error), error) {
            (Some(error), _) => error.to_string(),
            (None, Error::DriverError(error)) => error.to_string(),
            (None, error) => error.to_string(),
        },
    }
}

/// What the system said, where it was that.
fn of_system(error: &Error) -> Option<&io::Error> {
    match error {
        Error::IoError(error) => Some(error),
        Error::CodecError(error) => error.source()?.downcast_ref(),
        _ => None,
    }
}

/// The error of a statement.
pub(super) fn stored(error: &Error) -> StoreError {
    let text = message(error);
    let Error::MySqlError(server) = error else { return StoreError::Unreachable(text) };
    match server.code {
        code::DISK_FULL | code::RECORD_FILE_FULL => StoreError::Full(text),
        code::GET_ERRNO if server.message.contains("28") => StoreError::Full(text),
        code::LOCK_WAIT_TIMEOUT => StoreError::Locked(text),
        // Another node of a cluster was faster: its transaction is gone, savepoints and all.
        code::LOCK_DEADLOCK
        | code::CHECKREAD
        | code::SP_DOES_NOT_EXIST
        | code::TABLE_DEF_CHANGED => StoreError::Undone(text),
        code::BAD_FIELD | code::WRONG_VALUE_COUNT | code::NO_SUCH_TABLE => {
            StoreError::OtherSchema(text)
        }
        code::OPTION_PREVENTS_STATEMENT
        | code::CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
        | code::READ_ONLY_MODE
        | code::OPEN_AS_READONLY
        | code::READ_ONLY_TRANSACTION => StoreError::ReadOnly(text),
        code::CON_COUNT_ERROR
        | code::TOO_MANY_USER_CONNECTIONS
        | code::USER_LIMIT_REACHED
        | code::UNKNOWN_COM
        | code::SERVER_SHUTDOWN
        | code::ERROR_DURING_COMMIT
        | code::QUERY_INTERRUPTED
        | code::CONNECTION_KILLED
        | code::STATEMENT_TIMEOUT
        | code::TABLEACCESS_DENIED
        | code::COLUMNACCESS_DENIED
        | code::MUST_CHANGE_PASSWORD => StoreError::Unreachable(text),
        // It does not say which.
        code::CANT_AGGREGATE_2COLLATIONS => StoreError::NotInCharset { column: String::new() },
        code::TRUNCATED_WRONG_VALUE_FOR_FIELD => match column(&server.message) {
            Some(column) => StoreError::NotInCharset { column },
            None => StoreError::Other(text),
        },
        code::DUP_ENTRY
        | code::NO_DEFAULT_FOR_FIELD
        | code::ROW_IS_REFERENCED
        | code::NO_REFERENCED_ROW => StoreError::Constraint(text),
        _ => StoreError::Other(text),
    }
}

/// The column of a message about a text, `Incorrect string value: '…' for column `a`.`b`.`c` at …`.
fn column(message: &str) -> Option<String> {
    let (_, place) = message.strip_prefix("Incorrect string value")?.rsplit_once(" for column ")?;
    let name = place.split(" at row").next()?.rsplit('.').next()?;
    Some(name.trim_matches(|quote| quote == '`' || quote == '\'').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_of_a_text_is_found() {
        for (message, found) in [
            (
                r"Incorrect string value: '\xC5\xBC\xC3\xB3...' for column `a`.`auth_users`.`user_name` at row 1",
                Some("user_name"),
            ),
            (r"Incorrect string value: '\xC5' for column 'user_name' at row 1", Some("user_name")),
            ("Incorrect integer value: 'x' for column `a`.`b`.`id` at row 1", None),
        ] {
            assert_eq!(column(message).as_deref(), found, "{message}");
        }
    }
}
