//! A row that keeps every rule of its own fields.

use photoprism_protocol::account_text::ParsedRow;
use photoprism_protocol::name::UserName;
use photoprism_protocol::rule::RuleError;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::Row;

use crate::commands::properties::Properties;
use crate::error::CommandError;
use crate::model::PasswordRules;
use crate::model::Session;
use crate::model::passcodes::Key;
use crate::store::{Db, account_by_name, password_hash};

/// Bytes of a two-factor key's URL: PhotoPrism's column has no more.
const MOST_URL_BYTES: usize = 2048;

/// What the account's password is to be.
#[derive(Clone, Debug, Default)]
pub(crate) enum PasswordChange {
    /// The row does not mention it.
    #[default]
    None,
    /// Not checked yet: the row has a password.
    Pending,
    /// This hash: the row has it, or it was computed from the row's password.
    Set(Secret),
    /// The row's password is the one of this stored hash.
    Matches(Secret),
    /// The row's password is not the account's; a dry run hashes nothing.
    Different,
}

/// A checked row.
#[derive(Clone, Debug)]
pub(crate) struct ValidRow {
    /// Line of the text.
    pub line: u64,
    /// As [`ParsedRow::may_be_cut`].
    pub(crate) may_be_cut: bool,
    /// Name of the account.
    pub name: UserName,
    /// File that contains the password, as long as nobody has read it.
    pub password_file: Option<String>,
    /// What is given, its password included.
    pub(in crate::commands) given: Properties,
    /// The hash.
    pub hash: PasswordChange,
    /// Key and recovery code of two-factor authentication.
    pub(crate) two_factor: Option<(Secret, Secret)>,
    /// App passwords of another database's account.
    pub(crate) app_passwords: Vec<Session>,
}

/// A row that was not taken.
pub(crate) type RejectedRow = (u64, String, CommandError);

/// The rows of one import, each taken or not.
pub(crate) type Rows = Vec<Result<ValidRow, RejectedRow>>;

impl ValidRow {
    /// Checks a row by the rules that need no other data. `is_hash` returns whether a hash can be
    /// checked here.
    ///
    /// # Errors
    /// The line, the name where it keeps its rule, and why not.
    pub(crate) fn parse(
        found: ParsedRow,
        rules: &PasswordRules,
        is_hash: impl Fn(&str) -> Result<(), RuleError>,
    ) -> Result<Self, RejectedRow> {
        let ParsedRow { line, name: given, row, may_be_cut } = found;
        let row = row.map_err(|error| {
            // What breaks the rule of names may be a password in the wrong place.
            let name = UserName::parse(&given).map(|name| name.as_str().to_owned());
            (line, name.unwrap_or_default(), error.into())
        })?;
        let name = UserName::parse(&row.name)
            .map_err(|rule| (line, String::new(), CommandError::invalid("name", &rule)))?;
        Self::checked(line, name.clone(), row, rules, is_hash)
            .map(|ready| Self { may_be_cut, ..ready })
            .map_err(|error| (line, name.as_str().into(), error))
    }

    fn checked(
        line: u64,
        name: UserName,
        mut row: Row,
        rules: &PasswordRules,
        is_hash: impl Fn(&str) -> Result<(), RuleError>,
    ) -> Result<Self, CommandError> {
        let ways = [
            row.fields.password.is_some(),
            row.password_file.is_some(),
            row.password_hash.is_some(),
        ];
        if ways.iter().filter(|given| **given).count() > 1 {
            return Err(CommandError::broken(
                "password",
                "give one of password, password_file and password_hash",
            ));
        }
        let hash = match row.password_hash.take() {
            Some(hash) => {
                is_hash(hash.expose())
                    .map_err(|rule| CommandError::invalid("password_hash", &rule))?;
                PasswordChange::Set(hash)
            }
            None if ways[0] => PasswordChange::Pending,
            None => PasswordChange::None,
        };
        let two_factor = two_factor(row.totp_url.take(), row.recovery_code.take())?;
        let password_file = row.password_file.take();
        let given = Properties::parse(row.fields, rules)?;
        let app_passwords = Vec::new();
        let may_be_cut = false;
        Ok(Self { line, may_be_cut, name, password_file, given, hash, two_factor, app_passwords })
    }

    /// Takes the content of the row's file.
    pub(crate) fn give_password(
        &mut self,
        password: &Secret,
        rules: &PasswordRules,
    ) -> Result<(), CommandError> {
        rules.check(password).map_err(|rule| CommandError::invalid("password", &rule))?;
        self.given.password = Some(password.clone());
        (self.hash, self.password_file) = (PasswordChange::Pending, None);
        Ok(())
    }

    /// The password of the row.
    pub(crate) const fn password(&self) -> Option<&Secret> {
        self.given.password.as_ref()
    }
}

/// The hash that the account of that name has; outer `None`: there is no such account to change.
#[expect(clippy::option_option, reason = "no account, no hash, or one")]
pub(crate) fn known_hash(db: &Db, name: &str) -> Result<Option<Option<String>>, CommandError> {
    match account_by_name(db, name)?.filter(|row| !row.is_deleted()) {
        Some(row) => Ok(Some(password_hash(db, &row.uid)?)),
        None => Ok(None),
    }
}

fn two_factor(
    url: Option<Secret>,
    recovery: Option<Secret>,
) -> Result<Option<(Secret, Secret)>, CommandError> {
    let none = || Secret::new(String::new());
    match (url, recovery) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(CommandError::broken(
            "recovery_code",
            "a recovery code belongs to a totp_url; give both, or leave it out",
        )),
        (Some(url), _) if url.expose().len() > MOST_URL_BYTES => Err(CommandError::broken(
            "totp_url",
            "a two-factor key has at most 2048 bytes, as PhotoPrism's column; leave parameters out",
        )),
        (Some(url), _) if Key::from_url(url.expose()).is_err() => Err(CommandError::broken(
            "totp_url",
            "this is not a two-factor key of PhotoPrism's form: otpauth://totp/…, SHA1, 6 digits, 30 s",
        )),
        (Some(_), Some(code)) if code.expose().len() > 255 || code.expose().contains('\0') => {
            Err(CommandError::broken("recovery_code", "a recovery code has at most 255 bytes"))
        }
        (Some(url), code) => Ok(Some((url, code.unwrap_or_else(none)))),
    }
}
