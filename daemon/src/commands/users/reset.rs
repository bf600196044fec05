//! `users.reset`: back to the accounts of a first start.

use photoprism_protocol::users::{Removed, ResetResult};

use crate::commands::context::{Context, FirstAdmin, Outcome};
use crate::commands::revoked::effective_within;
use crate::commands::write::{Key, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::{Effect, FIRST_ADMIN_ID, initial_accounts, to_file_name};
use crate::store::{
    AdminPasswordState, Tx, account_insert, backed_up, empty_accounts, password_set,
    set_admin_password_state,
};

/// Empties the account tables after a backup and begins anew.
///
/// # Errors
/// The store's; without a backup that could be restored nothing is removed.
pub(crate) fn reset(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    first: &FirstAdmin,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let name = format!("{}-users-reset", to_file_name(context.now));
        let (backup, removed) = backed_up(tx, (&name, None), |backup| {
            let removed = empty_accounts(tx, context.now, || begin_anew(tx, context, first))?;
            Ok::<_, CommandError>((backup.path.display().to_string(), removed))
        })?;
        let effective_within_s = effective_within(tx, removed.sessions);
        let result = ResetResult {
            removed: Removed { users: removed.users, sessions: removed.sessions },
            backup,
            effective_within_s,
        };
        let mut written = WriteResult::new("", &result)?
            .with_effects([Effect::EverySessionEnded])
            .with_cache_warning(effective_within_s);
        written.warnings.extend(removed.warnings);
        written.warnings.extend(first.warning.clone());
        if first.hash.is_none() {
            written.warnings.push(format!(
                "the account {0} has no password; set one with: photoprism passwd {0}",
                first.name.as_str()
            ));
        }
        Ok(written)
    })
}

fn begin_anew(tx: &Tx<'_>, context: &Context, first: &FirstAdmin) -> Result<(), CommandError> {
    let mut random = context.random;
    for new in initial_accounts(&first.name, context.now, &mut random) {
        account_insert(tx, &new)?;
        if let (FIRST_ADMIN_ID, Some(hash)) = (new.account.id, &first.hash) {
            password_set(tx, &new.account.uid, hash, context.now)?;
        }
    }
    let state = if first.hash.is_some() {
        AdminPasswordState::WasSet
    } else {
        AdminPasswordState::NeverSet
    };
    Ok(set_admin_password_state(tx, state)?)
}
