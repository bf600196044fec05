//! Accounts of another database as rows.

use photoprism_protocol::account_text::ParsedRow;
use photoprism_protocol::rule::RuleError;
use photoprism_protocol::transfer::Row;

use crate::commands::import_sessions::{RejectedRow, ValidRow};
use crate::commands::properties::to_fields_without_empty;
use crate::model::{METHOD_2FA, PasswordRules};
use crate::store::{Passcode, SourceAccount};

impl ValidRow {
    /// An account of another PhotoPrism, checked by the same rules as a row of a text; its line is
    /// the account's id there.
    pub(crate) fn from_photoprism(
        account: SourceAccount,
        rules: &PasswordRules,
        is_hash: impl Fn(&str) -> Result<(), RuleError>,
    ) -> Result<Self, RejectedRow> {
        let SourceAccount { account, hash, passcode, app_passwords } = account;
        let line = account.id.unsigned_abs();
        let passcode = passcode.filter(|_| account.method == METHOD_2FA);
        let (totp_url, recovery_code) = match passcode {
            Some(Passcode { key_url, recovery_code, .. }) => (Some(key_url), Some(recovery_code)),
            None => (None, None),
        };
        let row = Row {
            name: account.name.clone(),
            fields: to_fields_without_empty(account),
            password_hash: hash,
            totp_url,
            recovery_code,
            ..Row::default()
        };
        let found = ParsedRow::whole(line, row);
        let name = found.name.clone();
        // What an account of PhotoPrism's is called is not a secret, whatever rule it breaks.
        let ready =
            Self::parse(found, rules, is_hash).map_err(|(line, _, why)| (line, name, why))?;
        Ok(Self { app_passwords, ..ready })
    }
}
