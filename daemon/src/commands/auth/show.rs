//! `auth.show`.

use photoprism_protocol::auth::{AuthShow, OneSession};
use photoprism_protocol::token::SessionRef;

use super::find::{parse, session, to_wire};
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::session_index::PendingUses;
use crate::store::Db;

/// The checked arguments, with the uses of sessions that are not yet written.
struct Show {
    named: SessionRef,
    uses: PendingUses,
}

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let parse = |target| {
        let named = parse(&target)?;
        Ok(Show { named, uses: runner.app.index.uses() })
    };
    runner.read::<AuthShow, _>(parse, show).await
}

/// One session.
fn show(db: &Db, request: &Request<Show>) -> Result<Reply<OneSession>, CommandError> {
    let mut session = session(db, &request.args.named)?;
    request.args.uses.apply_to(&mut session);
    Reply::new(&OneSession { session: to_wire(session, request.context.now.as_second()) })
}
