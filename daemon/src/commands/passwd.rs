//! The noun `passwd`.

use photoprism_protocol::level::Level;
use photoprism_protocol::passwd::{self, RemoveResult, SetResult};
use photoprism_protocol::secret::Secret;
use photoprism_protocol::users::Target;
use serde::Serialize;
use serde_json::value::RawValue;

use super::context::{Context, Hashed, Outcome, result};
use super::find::{live_user, refuse_nul};
use super::revoked::{effective_within, revoke};
use super::users::{
    check_takes_password, ensure_not_system, ensure_other_super_admin, note_first_password,
    own_name,
};
use super::write::{Key, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::{Change, PasswordRules, Property, is_own_name};
use crate::store::{Tx, password_remove, password_set};

/// A checked `passwd.set`.
#[derive(Debug)]
pub(crate) struct Set {
    user: String,
    password: Secret,
    keep_sessions: bool,
    show_hash: bool,
}

impl Set {
    /// Checks the arguments.
    pub(crate) fn parse(args: passwd::Set, rules: &PasswordRules) -> Result<Self, CommandError> {
        refuse_nul("user", Some(&args.user))?;
        rules.check(&args.password).map_err(|rule| CommandError::invalid("password", &rule))?;
        Ok(Self {
            user: args.user,
            password: args.password,
            keep_sessions: args.keep_sessions.unwrap_or(false),
            show_hash: args.show_hash.unwrap_or(false),
        })
    }

    /// The password to hash before the transaction.
    pub(crate) const fn password(&self) -> &Secret {
        &self.password
    }
}

/// Showing a hash needs a right of its own, which is checked before any value.
pub(crate) fn permit_show_hash(args: &passwd::Set, context: &Context) -> Result<(), CommandError> {
    if args.show_hash == Some(true) && context.permit.level() < Level::Admin {
        return Err(CommandError::Forbidden {
            message: "showing a password hash needs the level admin".into(),
            field: Some("show_hash"),
        });
    }
    Ok(())
}

/// Sets the password.
pub(crate) fn set(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    (request, hashed): (&Set, &Hashed),
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = live_user(tx, &request.user)?;
        ensure_not_system(&row)?;
        check_takes_password(&row)?;
        if is_own_name(&hashed.plain, &row.name) {
            return Err(own_name());
        }
        password_set(tx, &row.uid, &hashed.hash, context.now)?;
        note_first_password(tx, &row)?;
        let changed = (!request.keep_sessions).then_some(Property::Password).into_iter().collect();
        let (sessions_revoked, ended) =
            revoke(tx, &row, Change::Properties(&changed), context.now)?;
        let hash = request.show_hash.then(|| Secret::new(hashed.hash.clone()));
        let effective_within_s = effective_within(tx, sessions_revoked);
        let result = SetResult { sessions_revoked, hash, effective_within_s };
        let mut written = WriteResult::new(row.uid.clone(), &result)?
            .with_effects(ended)
            .with_cache_warning(effective_within_s);
        if request.show_hash {
            written.without_secrets = Some(hidden(&result)?);
        }
        written.password_of = Some(row.uid);
        Ok(written)
    })
}

/// The result for a replay: the field is there, the hash is not.
fn hidden(shown: &SetResult) -> Result<Box<RawValue>, CommandError> {
    #[derive(Serialize)]
    struct Hidden<'a> {
        #[serde(flatten)]
        rest: &'a SetResult,
        hash: (),
    }
    result(&Hidden { rest: &SetResult { hash: None, ..*shown }, hash: () })
}

/// Removes the password.
pub(crate) fn remove(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = live_user(tx, &target.user)?;
        ensure_not_system(&row)?;
        if row.has_password {
            ensure_other_super_admin(tx, context, &row)?;
        }
        let removed = password_remove(tx, &row.uid)?;
        let changed = removed.then_some(Property::Password).into_iter().collect();
        let (sessions_revoked, ended) =
            revoke(tx, &row, Change::Properties(&changed), context.now)?;
        let effective_within_s = effective_within(tx, sessions_revoked);
        let result = RemoveResult { removed, sessions_revoked, effective_within_s };
        let written = WriteResult::new(row.uid, &result)?.with_effects(ended);
        Ok(written.with_cache_warning(effective_within_s))
    })
}
