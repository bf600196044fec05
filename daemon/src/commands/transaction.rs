//! The transaction of a write: the change, its audit record and its idempotency key commit
//! together.

use std::io::Read;

use photoprism_protocol::command::CommandName;
use photoprism_protocol::envelope::Success;

use super::ending::Ending;
use super::key::{Key, KeyState, find_replay};
use super::reply::Written;
use super::request::{Context, Request};
use crate::error::CommandError;
use crate::failpoints::{Failpoint, enabled};
use crate::model::{Effect, WithEffects};
use crate::peer::SocketKind;
use crate::store::{AuditEntry, Tx, audit_append};

/// The rule and the change of a write. It changes nothing but the database, and may run again; a
/// change that destroys writes a backup first, another one each time.
pub(super) type ChangeFn<T, R> = fn(&Tx<'_>, &Request<T>) -> Result<Written<R>, CommandError>;

/// What came of a write, and what it ended in PhotoPrism's database.
pub(super) struct Completed {
    pub(super) success: Success,
    pub(super) ending: Option<Ending>,
}

/// Carries a write out: the key once more, the change, the audit record, the key.
pub(super) fn run<T, R>(
    tx: &Tx<'_>,
    request: &Request<T>,
    key: Option<&Key>,
    change: ChangeFn<T, R>,
) -> Result<WithEffects<Completed>, CommandError> {
    let context = &request.context;
    if let Some(key) = key {
        // Another connection may have stored the key since it was read.
        match find_replay(tx, context, key)? {
            KeyState::New => {}
            KeyState::Replay(success) => {
                let value = Completed { success, ending: None };
                return Ok(WithEffects { value, effects: Vec::new() });
            }
            KeyState::IfPassword { .. } => return Err(CommandError::KeyTaken),
        }
    }
    fail_as_asked(context.permit.command());
    let written = change(tx, request)?;
    let audited = record(tx, context, &written.target)?;
    let ending = Ending::of(tx, context.permit.command())?;
    let success = Success::from(written.reply);
    if let Some(key) = key {
        let mut shown = written.replay.as_ref().unwrap_or(&success.result).clone();
        if let Some(ending) = &ending {
            shown = ending.before_waiting(&shown)?;
        }
        let password_of = request.password.is_some().then_some(written.target.as_str());
        key.keep(tx, context, &shown, password_of)?;
    }
    let effects = written.effects.into_iter().chain([audited]).collect();
    Ok(WithEffects { value: Completed { success, ending }, effects })
}

/// The audit record of a change of `target`. A command that is about many accounts writes one for
/// each.
pub(super) fn record(tx: &Tx<'_>, context: &Context, target: &str) -> Result<Effect, CommandError> {
    let permit = &context.permit;
    let entry = AuditEntry {
        at: context.machine_time.as_second(),
        uid: permit.uid(),
        gid: permit.gid(),
        pid: permit.pid(),
        socket: permit.socket().map_or("", SocketKind::name).into(),
        command: permit.command().name().into(),
        target: target.into(),
    };
    Ok(Effect::Audited(audit_append(tx, &entry)?))
}

/// What a harness asked for with `examples/faulty.rs`.
fn fail_as_asked(command: CommandName) {
    let restores = command == CommandName::UsersRestore;
    assert!(!(restores && enabled(Failpoint::PanicInRestore)), "a fault that a harness asked for");
    if enabled(Failpoint::Stall) {
        tracing::info!("a write stalls");
        // Returns once the harness writes a byte, or has exited.
        let _ = std::io::stdin().read(&mut [0]);
    }
}
