//! The noun `auth`, as far as they need more than a handler.

use photoprism_protocol::auth as wire;
use photoprism_protocol::auth::{
    AuthAdd, AuthLogout, AuthLs, AuthReset, AuthRm, AuthShow, AuthVerify,
};
use photoprism_protocol::token::{is_access_token, is_app_password};

use crate::commands::{Answer, Runner};
use crate::commands::{auth, refuse_nul, success};
use crate::error::CommandError;
use crate::store::{Db, Tx};

pub(super) async fn ls(call: &Runner<'_>) -> Answer {
    let args = call.args::<AuthLs>()?;
    let request = auth::Ls::parse(args, &call.context, call.app.index.pending_uses())?;
    call.read_with(request, auth::ls).await
}

pub(super) async fn show(call: &Runner<'_>) -> Answer {
    let target = call.args::<AuthShow>()?;
    call.read_with(auth::ByRef::parse(&target, call.app.index.pending_uses())?, auth::show).await
}

pub(super) async fn add(call: &Runner<'_>) -> Answer {
    let args = call.args::<AuthAdd>()?;
    let key = call.key(&args)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let request = auth::Add::parse(args)?;
    call.write_with(key, move |tx, context, key| auth::add(tx, context, key, &request)).await
}

pub(super) async fn rm(call: &Runner<'_>) -> Answer {
    let target = call.args::<AuthRm>()?;
    let key = call.key(&target)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let request = auth::Rm::parse(&target)?;
    call.write_with(key, move |tx, context, key| auth::rm(tx, context, key, &request)).await
}

pub(super) async fn reset(call: &Runner<'_>) -> Answer {
    let key = call.key(&call.args::<AuthReset>()?)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    call.write_with(key, auth::reset).await
}

/// With the daemon's own database the index answers at once; PhotoPrism's is read at each check.
pub(super) async fn verify(call: &Runner<'_>) -> Answer {
    let request = auth::Verify::parse(call.args::<AuthVerify>()?)?;
    let Some(id) = request.id() else {
        return success(&wire::Introspection::Inactive { active: false });
    };
    let (index, now) = (&call.app.index, call.context.now.as_second());
    if call.app.own {
        return success(&index.verify(&id, &request.question, now));
    }
    if call.app.ended.contains_reported(&id) {
        return success(&wire::Introspection::Inactive { active: false });
    }
    let (question, last_use, ended) =
        (request.question.clone(), index.last_use(&id), call.app.ended.clone());
    let check = move |db: &Db| -> Result<_, CommandError> {
        let introspection = auth::verify(db, &request, (now, last_use))?;
        if auth::is_hidden(db, &request)? {
            ended.report();
        }
        Ok(introspection)
    };
    let introspection = call.app.store.read(call.time_left(), check).await?;
    if matches!(introspection, wire::Introspection::Active(_)) {
        index.note(&id, &question, now);
    }
    success(&introspection)
}

pub(super) async fn logout(call: &Runner<'_>) -> Answer {
    let wire::Logout { token } = call.args::<AuthLogout>()?;
    refuse_nul("token", Some(token.expose()))?;
    if !is_access_token(token.expose()) && !is_app_password(token.expose()) {
        return success(&wire::LogoutResult { removed: false, effective_within_s: None });
    }
    let context = std::sync::Arc::clone(&call.context);
    let work = move |tx: &Tx<'_>| auth::logout(tx, &context, &token);
    call.app.store.write_with_effects(call.time_left(), work).await
}
