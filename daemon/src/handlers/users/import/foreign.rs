//! Accounts of another database as rows.

use photoprism_protocol::account_text::ParsedRow;
use photoprism_protocol::rule::RuleError;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::Row;

use super::valid_row::{RejectedRow, ValidRow};
use crate::accounts::account::effective_role;
use crate::accounts::password::PasswordRules;
use crate::accounts::times;
use crate::store::{PasscodeRow, SessionRow, SourceAccount, UserRow};

impl ValidRow {
    /// An account of another PhotoPrism, checked by the same rules as a row of a text; its line is
    /// the account's id there.
    pub fn from_photoprism(
        account: SourceAccount,
        rules: &PasswordRules,
        is_hash: impl Fn(&str) -> Result<(), RuleError>,
    ) -> Result<Self, RejectedRow> {
        let SourceAccount { row, hash, passcode, app_passwords } = account;
        let line = row.id.unsigned_abs();
        let passcode = passcode.filter(|_| row.method == "2fa");
        let found = ParsedRow { line, row: Ok(as_row(row, hash, passcode)), may_be_cut: false };
        let mut ready = Self::parse(found, rules, is_hash)?;
        ready.app_passwords = app_passwords.into_iter().map(without_zero_times).collect();
        Ok(ready)
    }
}

fn as_row(row: UserRow, hash: Option<Secret>, passcode: Option<PasscodeRow>) -> Row {
    let role = effective_role(&row).to_owned();
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let (totp_url, recovery_code) = match passcode {
        Some(PasscodeRow { key_url, recovery_code, .. }) => (Some(key_url), Some(recovery_code)),
        None => (None, None),
    };
    Row {
        name: row.name,
        role: Some(role),
        display_name: Some(row.display_name),
        email: some(row.email),
        provider: some(row.provider),
        // An issuer without a subject means nothing.
        auth_issuer: some(row.auth_issuer).filter(|_| !row.auth_id.is_empty()),
        auth_id: some(row.auth_id),
        super_admin: Some(row.super_admin),
        can_login: Some(row.can_login),
        webdav: Some(row.webdav),
        base_path: some(row.base_path),
        upload_path: some(row.upload_path),
        attr: some(row.attr),
        expires_at: times::parse_stored(&row.expires_at).map(times::to_rfc3339),
        password_hash: hash,
        totp_url,
        recovery_code,
        ..Row::default()
    }
}

/// Go's zero time means that there is none.
fn without_zero_times(mut app: SessionRow) -> SessionRow {
    if times::parse_stored(&app.login_at).is_none() {
        app.login_at.clear();
    }
    app
}
