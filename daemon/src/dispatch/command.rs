//! The one match over all commands.

use photoprism_protocol::command::CommandName as C;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::status::NoArgs;
use photoprism_protocol::users::{AddTarget, Fields, ModTarget, Target};
use photoprism_protocol::{audit, list, passwd as wire_passwd, users as wire_users};

use super::call::Call;
use super::reset::first_admin;
use super::status::current_status;
use crate::error::CommandError;
use crate::handlers::{
    Context, Key, Outcome, admin, audit as trail, legacy, no_nul, passwd, users,
};
use crate::store::Tx;

type Answer = Result<Success, CommandError>;

/// Carries the command out.
pub(super) async fn perform(call: &Call<'_>) -> Answer {
    if call.app.is_stopping() {
        return Err(CommandError::Unavailable("the daemon is stopping; try again".into()));
    }
    match call.context.permit.command() {
        C::Ping => call.args::<NoArgs>().and_then(|_| admin::ping()),
        C::Status => {
            call.args::<NoArgs>()?;
            current_status(call.app, call.time_left()).await
        }
        C::UsersLs => call.read(users::Ls::parse(call.args::<wire_users::Ls>()?)?, users::ls).await,
        C::UsersLegacy => {
            call.read(legacy::Ls::parse(call.args::<list::Search>()?)?, legacy::ls).await
        }
        C::UsersShow => {
            let target = call.args::<Target>()?;
            no_nul("user", Some(&target.user))?;
            call.read(target, users::show).await
        }
        C::UsersAdd => add(call).await,
        C::UsersMod => modify(call).await,
        C::UsersRm => on_target(call, users::rm).await,
        C::UsersRestore => on_target(call, users::restore).await,
        C::UsersReset => reset(call).await,
        C::PasswdSet => set_password(call).await,
        C::PasswdRemove => on_target(call, passwd::remove).await,
        C::AuditLs => call.read(trail::Ls::parse(call.args::<audit::Ls>()?)?, trail::ls).await,
        C::AuditVerify => verify_audit(call).await,
        C::LoginsLs
        | C::LoginsRecord
        | C::LoginsClear
        | C::AuthLs
        | C::AuthAdd
        | C::AuthShow
        | C::AuthRm
        | C::AuthReset
        | C::AuthLogin
        | C::AuthVerify
        | C::AuthLogout
        | C::UsersWhy
        | C::Users2faShow
        | C::Users2faEnroll
        | C::Users2faConfirm
        | C::Users2faDisable
        | C::Users2faRecovery
        | C::UsersRename
        | C::UsersAdopt
        | C::UsersImport
        | C::UsersExport
        | C::BackupCreate
        | C::BackupLs
        | C::BackupVerify
        | C::BackupRestore
        | C::Doctor
        | C::Metrics => {
            Err(CommandError::Unavailable(format!("{} is not built yet", call.command()).into()))
        }
    }
}

type OnTarget = fn(&Tx<'_>, &Context, Option<&Key>, &Target) -> Result<Outcome, CommandError>;

/// A write that takes nothing but an account.
async fn on_target(call: &Call<'_>, handler: OnTarget) -> Answer {
    let target = call.args::<Target>()?;
    let key = call.key(&target)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    no_nul("user", Some(&target.user))?;
    call.write(key, move |tx, context, key| handler(tx, context, key, &target)).await
}

async fn add(call: &Call<'_>) -> Answer {
    let (target, mut fields) = call.args_pair::<AddTarget, Fields>()?;
    let password = fields.password.take();
    let key = call.key(&(&target, &fields, password.is_some()))?;
    if let Some(replay) = call.replay(key.as_ref(), password.as_ref()).await? {
        return Ok(replay);
    }
    fields.password = password;
    let request = users::Add::parse(&target, fields, &call.app.rules)?;
    let hashed = match request.password() {
        Some(password) => Some(call.hash(password).await?),
        None => None,
    };
    call.write(key, move |tx, context, key| {
        users::add(tx, context, key, (&request, hashed.as_ref()))
    })
    .await
}

async fn modify(call: &Call<'_>) -> Answer {
    let (target, mut fields) = call.args_pair::<ModTarget, Fields>()?;
    let password = fields.password.take();
    let key = call.key(&(&target, &fields, password.is_some()))?;
    if let Some(replay) = call.replay(key.as_ref(), password.as_ref()).await? {
        return Ok(replay);
    }
    fields.password = password;
    let request = users::Mod::parse(target, fields, &call.app.rules)?;
    let hashed = match request.password() {
        Some(password) => Some(call.hash(password).await?),
        None => None,
    };
    call.write(key, move |tx, context, key| {
        users::modify(tx, context, key, (&request, hashed.as_ref()))
    })
    .await
}

async fn set_password(call: &Call<'_>) -> Answer {
    let args = call.args::<wire_passwd::Set>()?;
    passwd::permit_show_hash(&args, &call.context)?;
    let key = call.key(&(&args.user, args.keep_sessions, args.show_hash))?;
    if let Some(replay) = call.replay(key.as_ref(), Some(&args.password)).await? {
        return Ok(replay);
    }
    let request = passwd::Set::parse(args, &call.app.rules)?;
    let hashed = call.hash(request.password()).await?;
    call.write(key, move |tx, context, key| passwd::set(tx, context, key, (&request, &hashed)))
        .await
}

async fn reset(call: &Call<'_>) -> Answer {
    let args = call.args::<NoArgs>()?;
    let key = call.key(&args)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let first = first_admin(call).await?;
    call.write(key, move |tx, context, key| users::reset(tx, context, key, &first)).await
}

/// Checks the chain in steps, so that other commands come in between.
async fn verify_audit(call: &Call<'_>) -> Answer {
    let mut state = trail::Verify::parse(call.args::<audit::Verify>()?)?;
    // Each step has the whole time in which work must begin: the check as a whole has no limit.
    let deadline = call.app.limits.borrow().request_timeout;
    loop {
        let step = call.app.store.read(deadline, |db| trail::verify_step(db, state)).await?;
        match step {
            trail::Step::More(next) => state = next,
            trail::Step::Done(success) => return Ok(success),
        }
    }
}
