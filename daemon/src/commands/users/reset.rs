//! `users.reset`: back to the accounts of a first start.

use photoprism_protocol::name::UserName;
use photoprism_protocol::users::{Removed, ResetResult, UsersReset};

use crate::admin_password::{ConfiguredPassword, read};
use crate::commands::blocking::run_blocking;
use crate::commands::reply::Written;
use crate::commands::request::{Context, Request};
use crate::commands::runner::{Outcome, Runner};
use crate::config::When;
use crate::error::CommandError;
use crate::model::{Effect, FIRST_ADMIN_ID, initial_accounts};
use crate::store::{
    AdminPasswordState, Tx, account_insert, empty_accounts, password_set, set_admin_password_state,
};

/// How the first admin is created.
struct FirstAdmin {
    name: UserName,
    /// The hash of its configured password, where there is a good one.
    hash: Option<String>,
    /// Why there is none although one is configured.
    warning: Option<String>,
}

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    // Held until the old backups are gone.
    let mut turn = None;
    let prepare = async |mut args| {
        let first = first_admin(runner).await?;
        turn = Some(runner.lock_backups().await?);
        runner.check_key_is_new::<UsersReset>(&mut args).await?;
        runner.back_up(first, "users-reset").await
    };
    runner.write_after::<UsersReset, _>(runner.args::<UsersReset>()?, prepare, reset).await
}

/// The configured name and password; a password that breaks a rule is left out with a warning.
async fn first_admin(runner: &Runner<'_>) -> Result<FirstAdmin, CommandError> {
    let app = runner.app;
    let mut first = FirstAdmin { name: app.admin_user.clone(), hash: None, warning: None };
    let (source, env, rules) = (app.admin_password.clone(), app.env, app.rules);
    let name = app.admin_user.clone();
    let read = move || Ok(read(&source, When::Serving, &env, &rules, name.as_str()));
    match run_blocking(read).await? {
        Ok(None) => {}
        Ok(Some(ConfiguredPassword::Hash(hash))) => first.hash = Some(hash),
        Ok(Some(ConfiguredPassword::Plain { password, warning })) => {
            first.hash = Some(runner.hash(&password).await?.hash);
            first.warning = warning.map(Into::into);
        }
        Err(error) => first.warning = Some(format!("the configured password is not used: {error}")),
    }
    Ok(first)
}

/// Empties the account tables after a backup and begins anew. Without a backup that could be
/// restored nothing is removed.
fn reset(tx: &Tx<'_>, request: &Request<FirstAdmin>) -> Result<Written<ResetResult>, CommandError> {
    let (first, context) = (&request.args, &request.context);
    let backup = request.begin_backup(tx)?;
    let removed = empty_accounts(tx, context.now, || begin_anew(tx, context, first))?;
    request.complete_backup()?;
    let result = ResetResult {
        removed: Removed { users: removed.users, sessions: removed.sessions },
        backup,
        effective_within_s: None,
        pending: None,
    };
    let name = first.name.as_str();
    let no_password = first.hash.is_none().then(|| {
        format!("the account {name} has no password; set one with: photoprism passwd {name}")
    });
    let written = Written::new("", &result)?.with_effects([Effect::EverySessionEnded]);
    Ok(written
        .with_warnings(removed.warnings)
        .with_warnings(first.warning.clone())
        .with_warnings(no_password))
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
