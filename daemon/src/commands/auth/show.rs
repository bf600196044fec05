//! `auth.show`.

use photoprism_protocol::auth::{AuthShow, OneSession};
use photoprism_protocol::token::SessionRef;

use super::find::{parse, session, to_wire};
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::LastUse;
use crate::store::{Db, overlay_last_use};

/// The checked arguments, with the uses of sessions that are not yet written.
struct Show {
    named: SessionRef,
    seen: Vec<LastUse>,
}

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let parse = |target| {
        let named = parse(&target)?;
        Ok(Show { named, seen: runner.app.index.pending_uses() })
    };
    runner.read::<AuthShow, _>(parse, show).await
}

/// One session.
fn show(db: &Db, request: &Request<Show>) -> Result<Reply<OneSession>, CommandError> {
    overlay_last_use(db, &request.args.seen)?;
    let session = session(db, &request.args.named)?;
    Reply::new(&OneSession { session: to_wire(session, request.context.now.as_second()) })
}
