//! What `doctor` checks in addition to the database and the files.

use photoprism_protocol::doctor::Doctor;

use super::audit::verify_trail;
use super::call::{Answer, Call};
use crate::commands::audit::Verify;
use crate::commands::doctor::{DaemonState, doctor};
use crate::store::{StoreError, WorkError};

/// Reads files on the database thread: a disk that hangs must not stop the other connections.
pub(super) async fn examine(call: &Call<'_>) -> Answer {
    call.args::<Doctor>()?;
    let app = call.app;
    let (policy, limits) = (app.policy.borrow().clone(), app.limits.borrow().clone());
    let trail = match verify_trail(app, Verify::whole()).await {
        Ok(verdict) => Some(verdict),
        // No database, no audit trail.
        Err(error) if matches!(error.store_error(), Some(StoreError::Missing)) => None,
        Err(error) => return Err(error),
    };
    let daemon = DaemonState {
        trail,
        now: call.context.now,
        database: app.places.database.clone(),
        own: app.own,
        admin: app.places.admin.clone(),
        admin_gid: policy.socket_gid,
        auth: app.places.auth.clone(),
        uid: policy.own_uid,
        connections: (limits.max_connections + limits.reserved_connections) as u64,
    };
    app.store.read_or_missing(call.time_left(), move |db| doctor(db, &daemon)).await
}
