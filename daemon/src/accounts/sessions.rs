//! Derives from a session's stored columns what it is, when it expires and what its scope allows.

use jiff::Timestamp;
use photoprism_protocol::auth::{Session, SessionUser};

use super::times;
use crate::store::SessionRow;

/// When a session expires: at a fixed end, or after a time without use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLifetime {
    /// Creation, Unix seconds.
    pub created: i64,
    /// Last use, Unix seconds; 0: never.
    pub last_active: i64,
    /// End, Unix seconds; 0 and -1: never.
    pub expires: i64,
    /// Seconds without use; 0 and -1: never.
    pub timeout: i64,
}

impl SessionLifetime {
    /// The lifetime of `row`.
    pub fn of(row: &SessionRow) -> Self {
        Self {
            created: times::parse_stored(&row.created_at).map_or(0, Timestamp::as_second),
            last_active: row.last_active,
            expires: row.expires,
            timeout: row.timeout,
        }
    }

    /// Whether it has expired at `now` (Unix seconds).
    pub fn is_expired(&self, now: i64) -> bool {
        let idle_since = self.last_active.max(self.created);
        (self.expires > 0 && self.expires <= now)
            || (self.timeout > 0 && idle_since.saturating_add(self.timeout) <= now)
    }
}

/// An app password itself: not a session created from one, not an access token.
pub fn is_app_password(row: &SessionRow) -> bool {
    row.provider == "application" && row.method == "default"
}

/// Whether a login created it: with a password, or from an app password.
pub fn is_login(row: &SessionRow) -> bool {
    row.grant == "password" && !is_app_password(row)
}

/// The effective scope: an empty one allows everything.
pub fn effective_scope(scope: &str) -> &str {
    if scope.is_empty() { "*" } else { scope }
}

/// Whether a stored scope contains every name in `wanted`.
pub fn scope_allows<'a>(scope: &str, mut wanted: impl Iterator<Item = &'a str>) -> bool {
    let all = effective_scope(scope) == "*";
    all || wanted.all(|name| scope.split([' ', ',']).any(|held| held == name))
}

/// The session as the wire shows it.
pub fn to_wire(row: SessionRow, now: i64) -> Session {
    let span = SessionLifetime::of(&row);
    let unix = |seconds: i64| {
        (seconds > 0).then(|| Timestamp::from_second(seconds).map(times::to_rfc3339).ok()).flatten()
    };
    let time = |text: &str| times::parse_stored(text).map(times::to_rfc3339);
    let nobody = row.user_uid.is_empty() && row.user_name.is_empty();
    Session {
        expired: span.is_expired(now),
        last_active: unix(row.last_active),
        expires_at: unix(row.expires),
        idle_timeout_s: Some(row.timeout).filter(|timeout| *timeout > 0),
        login_at: time(&row.login_at),
        created_at: time(&row.created_at),
        id: row.ref_id,
        user: (!nobody).then_some(SessionUser { uid: row.user_uid, name: row.user_name }),
        client_name: row.client_name,
        client_uid: row.client_uid,
        provider: row.provider,
        method: row.method,
        grant: row.grant,
        scope: row.scope,
        login_ip: row.login_ip,
        client_ip: row.client_ip,
        user_agent: row.user_agent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(last_active: i64, expires: i64, timeout: i64) -> SessionLifetime {
        SessionLifetime { created: 1000, last_active, expires, timeout }
    }

    #[test]
    fn a_session_ends_at_its_end_or_without_use() {
        for (span, last, first) in [
            (span(0, 2000, 0), 1999, 2000),
            (span(0, 0, 100), 1099, 1100),
            (span(1500, -1, 100), 1599, 1600),
            (span(1500, 1550, 100), 1549, 1550),
        ] {
            assert!(!span.is_expired(last), "{span:?}");
            assert!(span.is_expired(first), "{span:?}");
        }
        assert!(!span(0, -1, -1).is_expired(i64::MAX));
        assert!(!span(0, 0, 0).is_expired(i64::MAX));
    }

    #[test]
    fn every_wanted_scope_must_be_held() {
        assert!(scope_allows("", ["webdav"].into_iter()));
        assert!(scope_allows("*", ["webdav", "dav"].into_iter()));
        assert!(scope_allows("dav web", ["web"].into_iter()));
        assert!(!scope_allows("dav web", ["web", "webdav"].into_iter()));
        assert!(!scope_allows("webdav", ["*"].into_iter()));
        assert!(!scope_allows("webdav", ["web"].into_iter()));
    }
}
