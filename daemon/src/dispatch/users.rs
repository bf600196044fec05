//! The nouns `users` and `passwd`, as far as they need more than a handler.

use photoprism_protocol::command::Command;
use photoprism_protocol::passwd::PasswdSet;
use photoprism_protocol::transfer::UsersExport;
use photoprism_protocol::twofa::{Users2faConfirm, Users2faShow};
use photoprism_protocol::users::{
    Add, Mod, Target, UsersAdd, UsersAdopt, UsersLegacy, UsersLs, UsersMod, UsersRename,
    UsersReset, UsersShow,
};
use tracing::info;

use super::call::{Answer, Call};
use super::reset::first_admin;
use crate::commands::{
    Context, Key, Outcome, adopt, legacy as old, passwd, refuse_nul, twofa, users,
};
use crate::error::CommandError;
use crate::log::REPEATED;
use crate::store::Tx;

pub(super) async fn ls(call: &Call<'_>) -> Answer {
    call.read(users::Ls::parse(call.args::<UsersLs>()?)?, users::ls).await
}

pub(super) async fn export(call: &Call<'_>) -> Answer {
    let args = call.args::<UsersExport>()?;
    let secrets = args.secrets.unwrap_or(false);
    let page = call.read(users::Export::parse(args)?, users::export).await?;
    if secrets {
        // Not a write, so there is no audit record; but reading hashes must leave a trace.
        let uid = call.uid();
        info!(target: REPEATED, uid, "password hashes and two-factor keys were exported");
    }
    Ok(page)
}

pub(super) async fn legacy(call: &Call<'_>) -> Answer {
    call.read(old::Ls::parse(call.args::<UsersLegacy>()?)?, old::ls).await
}

pub(super) async fn show(call: &Call<'_>) -> Answer {
    let target = call.args::<UsersShow>()?;
    refuse_nul("user", Some(&target.user))?;
    call.read_batched(target, users::show).await
}

pub(super) async fn show_2fa(call: &Call<'_>) -> Answer {
    let target = call.args::<Users2faShow>()?;
    refuse_nul("user", Some(&target.user))?;
    call.read(target, twofa::show).await
}

type OnTarget = fn(&Tx<'_>, &Context, Option<&Key>, &Target) -> Result<Outcome, CommandError>;

/// A write that takes nothing but an account.
pub(super) async fn on_target<C: Command<Args = Target>>(
    call: &Call<'_>,
    handler: OnTarget,
) -> Answer {
    let target = call.args::<C>()?;
    let key = call.key(&target)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    refuse_nul("user", Some(&target.user))?;
    call.write(key, move |tx, context, key| handler(tx, context, key, &target)).await
}

pub(super) async fn add(call: &Call<'_>) -> Answer {
    let Add { target, mut fields } = call.args::<UsersAdd>()?;
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

pub(super) async fn modify(call: &Call<'_>) -> Answer {
    let Mod { target, mut fields } = call.args::<UsersMod>()?;
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

pub(super) async fn rename(call: &Call<'_>) -> Answer {
    let args = call.args::<UsersRename>()?;
    let key = call.key(&args)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let request = users::Rename::parse(args)?;
    call.write(key, move |tx, context, key| users::rename(tx, context, key, &request)).await
}

pub(super) async fn adopt(call: &Call<'_>) -> Answer {
    let args = call.args::<UsersAdopt>()?;
    let key = call.key(&args)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let request = adopt::Adopt::parse(args)?;
    if request.dry_run {
        return call
            .dry_run(move |tx, context, key| adopt::adopt(tx, context, key, &request))
            .await;
    }
    call.write(key, move |tx, context, key| adopt::adopt(tx, context, key, &request)).await
}

pub(super) async fn set_password(call: &Call<'_>) -> Answer {
    let args = call.args::<PasswdSet>()?;
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

pub(super) async fn reset(call: &Call<'_>) -> Answer {
    let args = call.args::<UsersReset>()?;
    let key = call.key(&args)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let first = first_admin(call).await?;
    call.write(key, move |tx, context, key| users::reset(tx, context, key, &first)).await
}

pub(super) async fn confirm_2fa(call: &Call<'_>) -> Answer {
    let args = call.args::<Users2faConfirm>()?;
    let key = call.key(&args)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    refuse_nul("user", Some(&args.user))?;
    refuse_nul("passcode", Some(args.passcode.expose()))?;
    call.write(key, move |tx, context, key| twofa::confirm(tx, context, key, &args)).await
}
