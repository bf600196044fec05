//! Finding the session that a request names, and showing it.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use photoprism_protocol::auth::{self, SessionUser, Target};
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::SessionRef;
use sha2::{Digest, Sha256};

use crate::error::CommandError;
use crate::model::{Session, to_rfc3339};
use crate::store::{Db, session_by_id, session_by_ref};

/// The id under which the session of a secret is stored.
pub(in crate::commands) fn id_of(secret: &Secret) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.expose().as_bytes()))
}

/// What a `session` argument names.
pub(super) fn parse(target: &Target) -> Result<SessionRef, CommandError> {
    SessionRef::parse(target.session.expose())
        .map_err(|rule| CommandError::invalid("session", &rule))
}

/// The session that it names.
pub(super) fn session(db: &Db, named: &SessionRef) -> Result<Session, CommandError> {
    let found = match named {
        SessionRef::RefId(id) => session_by_ref(db, id)?,
        SessionRef::SessionId(id) => session_by_id(db, id)?,
        SessionRef::AccessToken(secret) | SessionRef::AppPassword(secret) => {
            session_by_id(db, &id_of(secret))?
        }
    };
    found.ok_or_else(|| CommandError::NotFound { message: "no such session".into(), hint: None })
}

/// The session as replies show it at `now` (Unix seconds).
pub(in crate::commands) fn to_wire(session: Session, now: i64) -> auth::Session {
    let unix = |seconds: i64| {
        (seconds > 0).then(|| Timestamp::from_second(seconds).map(to_rfc3339).ok()).flatten()
    };
    let nobody = session.user_uid.is_empty() && session.user_name.is_empty();
    auth::Session {
        expired: session.lifetime().is_expired(now),
        last_active: unix(session.last_active),
        expires_at: unix(session.expires),
        idle_timeout_s: Some(session.timeout).filter(|timeout| *timeout > 0),
        login_at: session.login_at.map(to_rfc3339),
        created_at: session.created_at.map(to_rfc3339),
        id: session.ref_id,
        user: (!nobody).then_some(SessionUser { uid: session.user_uid, name: session.user_name }),
        client_name: session.client_name,
        client_uid: session.client_uid,
        provider: session.provider,
        method: session.method,
        grant: session.grant,
        scope: session.scope,
        login_ip: session.login_ip,
        client_ip: session.client_ip,
        user_agent: session.user_agent,
    }
}
