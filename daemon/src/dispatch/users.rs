//! The noun `passwd`.

use photoprism_protocol::command::Command;
use photoprism_protocol::passwd::PasswdSet;
use photoprism_protocol::users::Target;

use crate::commands::{Answer, Context, Key, Outcome, Runner, passwd, refuse_nul};
use crate::error::CommandError;
use crate::store::Tx;

type OnTarget = fn(&Tx<'_>, &Context, Option<&Key>, &Target) -> Result<Outcome, CommandError>;

/// A write that takes nothing but an account.
pub(super) async fn on_target<C: Command<Args = Target>>(
    call: &Runner<'_>,
    handler: OnTarget,
) -> Answer {
    let target = call.args::<C>()?;
    let key = call.key(&target)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    refuse_nul("user", Some(&target.user))?;
    call.write_with(key, move |tx, context, key| handler(tx, context, key, &target)).await
}

pub(super) async fn set_password(call: &Runner<'_>) -> Answer {
    let args = call.args::<PasswdSet>()?;
    passwd::permit_show_hash(&args, &call.context)?;
    let key = call.key(&(&args.user, args.keep_sessions, args.show_hash))?;
    if let Some(replay) = call.replay(key.as_ref(), Some(&args.password)).await? {
        return Ok(replay);
    }
    let request = passwd::Set::parse(args, &call.app.rules)?;
    let hashed = call.hash(request.password()).await?;
    call.write_with(key, move |tx, context, key| passwd::set(tx, context, key, (&request, &hashed)))
        .await
}
