//! `users.2fa.enroll`.

use photoprism_protocol::twofa::{EnrollResult, Users2faEnroll};
use photoprism_protocol::users::Target;

use super::{ensure_stored, is_active};
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::commands::users::{parse_target, user_to_change};
use crate::error::CommandError;
use crate::model::passcodes::Key;
use crate::store::{Tx, has_passcodes, passcode_enroll, passcode_find};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<Users2faEnroll, _>(parse_target, enroll).await
}

/// Creates a key. Logins need no code until the first one was confirmed.
fn enroll(tx: &Tx<'_>, request: &Request<Target>) -> Result<Written<EnrollResult>, CommandError> {
    let account = user_to_change(tx, &request.args.user)?;
    if !has_passcodes(tx) {
        return Err(CommandError::Conflict(
            "this PhotoPrism is too old for two-factor authentication; update it first".into(),
        ));
    }
    if is_active(&account, passcode_find(tx, &account.uid)?.as_ref()) {
        return Err(CommandError::Conflict(
            "two-factor authentication is on already; turn it off before a new key is made".into(),
        ));
    }
    let mut random = request.context.random;
    let key = Key::generate(&mut random);
    let url = key.url(&account.name);
    ensure_stored(passcode_enroll(tx, &account.uid, &url, request.context.now)?)?;
    let shown = EnrollResult { url: Some(url), key: Some(key.base32()) };
    Written::new(account.uid, &shown)?.replayed_as(&EnrollResult { url: None, key: None })
}
