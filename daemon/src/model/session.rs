//! A session, what kind it is, when it expires and what its scope allows.

use std::borrow::Cow;

use jiff::Timestamp;

/// A session, an app password or an access token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the secret in hex.
    pub id: String,
    /// Names the session where its id would give too much away.
    pub ref_id: String,
    /// UID of the account; `""`: nobody's.
    pub user_uid: String,
    /// Name of the account when the session was created.
    pub user_name: String,
    pub client_uid: String,
    pub client_name: String,
    pub provider: String,
    pub method: String,
    /// UID of the account, if this session was created from an app password. Only written.
    pub auth_issuer: String,
    /// Id of the session that this one was created from.
    pub auth_id: String,
    pub scope: String,
    pub grant: String,
    /// Last use, Unix seconds; 0: never.
    pub last_active: i64,
    /// End, Unix seconds; 0 and -1: never.
    pub expires: i64,
    /// Seconds without use after which it ends; 0 and -1: never.
    pub timeout: i64,
    /// Address of the last use.
    pub client_ip: String,
    pub login_ip: String,
    /// The browser or app.
    pub user_agent: String,
    pub login_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
}

/// How a session came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// An app password itself.
    AppPassword,
    /// A login with an app password in place of the password: it ends with that.
    FromAppPassword,
    /// A login with the password.
    Login,
    /// An access token, or a session that PhotoPrism created for another reason.
    Other,
}

impl SessionKind {
    /// Whether it is an app password, or a session that was created from one.
    pub const fn is_application(self) -> bool {
        matches!(self, Self::AppPassword | Self::FromAppPassword)
    }
}

impl Session {
    pub fn kind(&self) -> SessionKind {
        match (&*self.provider, &*self.method, &*self.grant) {
            ("application", "default", _) => SessionKind::AppPassword,
            ("application", "session", _) => SessionKind::FromAppPassword,
            (_, _, "password") => SessionKind::Login,
            _ => SessionKind::Other,
        }
    }

    /// Whether a login created it, so that a client may end it by itself.
    pub fn is_login(&self) -> bool {
        self.grant == "password" && self.kind() != SessionKind::AppPassword
    }

    pub fn lifetime(&self) -> Lifetime {
        Lifetime {
            created: self.created_at.map_or(0, Timestamp::as_second),
            last_active: self.last_active,
            expires: self.expires,
            timeout: self.timeout,
        }
    }

    /// Approximate size in memory in bytes.
    pub fn bytes(&self) -> usize {
        let names = [&self.id, &self.ref_id, &self.user_uid, &self.user_name, &self.client_uid];
        let rights = [&self.client_name, &self.provider, &self.method, &self.auth_id];
        let uses = [&self.scope, &self.grant, &self.client_ip, &self.login_ip, &self.user_agent];
        let texts = names.into_iter().chain(rights).chain(uses).map(String::len);
        size_of::<Self>() + texts.sum::<usize>()
    }
}

/// When a session expires: at a fixed end, or after a time without use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Creation, Unix seconds; 0: unknown.
    pub created: i64,
    /// Last use, Unix seconds; 0: never.
    pub last_active: i64,
    /// End, Unix seconds; 0 and -1: never.
    pub expires: i64,
    /// Seconds without use; 0 and -1: never.
    pub timeout: i64,
}

impl Lifetime {
    /// Whether it is over at `now` (Unix seconds).
    pub fn is_expired(&self, now: i64) -> bool {
        let idle_since = self.last_active.max(self.created);
        (self.expires > 0 && self.expires <= now)
            || (self.timeout > 0 && idle_since.saturating_add(self.timeout) <= now)
    }
}

/// The last use of a session, not yet written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// Id of the session.
    pub id: String,
    /// Unix seconds.
    pub last_active: i64,
    /// Address, if known.
    pub client_ip: Option<String>,
}

/// The effective scope: an empty one allows everything.
pub(crate) fn effective_scope(scope: &str) -> &str {
    if scope.is_empty() { "*" } else { scope }
}

/// What is left of a scope where it counts within `limit` alone; `None`: nothing.
pub(crate) fn scope_within<'a>(scope: &'a str, limit: &'a str) -> Option<Cow<'a, str>> {
    match (effective_scope(scope), effective_scope(limit)) {
        (scope, "*") => Some(scope.into()),
        ("*", limit) => Some(limit.into()),
        (scope, limit) => {
            let held = scope.split([' ', ',']).filter(|name| !name.is_empty());
            let both: Vec<_> =
                held.filter(|name| scope_allows(limit, [*name].into_iter())).collect();
            (!both.is_empty()).then(|| both.join(" ").into())
        }
    }
}

/// Whether a stored scope contains every name in `wanted`.
pub(crate) fn scope_allows<'a>(scope: &str, mut wanted: impl Iterator<Item = &'a str>) -> bool {
    let all = effective_scope(scope) == "*";
    all || wanted.all(|name| scope.split([' ', ',']).any(|held| held == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(last_active: i64, expires: i64, timeout: i64) -> Lifetime {
        Lifetime { created: 1000, last_active, expires, timeout }
    }

    #[test]
    fn a_session_ends_at_its_end_or_without_use() {
        for (lifetime, last, first) in [
            (lifetime(0, 2000, 0), 1999, 2000),
            (lifetime(0, 0, 100), 1099, 1100),
            (lifetime(1500, -1, 100), 1599, 1600),
            (lifetime(1500, 1550, 100), 1549, 1550),
        ] {
            assert!(!lifetime.is_expired(last), "{lifetime:?}");
            assert!(lifetime.is_expired(first), "{lifetime:?}");
        }
        assert!(!lifetime(0, -1, -1).is_expired(i64::MAX));
        assert!(!lifetime(0, 0, 0).is_expired(i64::MAX));
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

    #[test]
    fn the_kind_follows_from_provider_method_and_grant() {
        for (provider, method, grant, kind, is_login) in [
            ("application", "default", "cli", SessionKind::AppPassword, false),
            ("application", "default", "password", SessionKind::AppPassword, false),
            ("application", "session", "password", SessionKind::FromAppPassword, true),
            ("application", "session", "", SessionKind::FromAppPassword, false),
            ("local", "2fa", "password", SessionKind::Login, true),
            ("access_token", "oauth2", "cli", SessionKind::Other, false),
            ("", "", "", SessionKind::Other, false),
        ] {
            let session = Session {
                provider: provider.into(),
                method: method.into(),
                grant: grant.into(),
                ..Session::default()
            };
            assert_eq!(session.kind(), kind, "{provider} {method} {grant}");
            assert_eq!(session.is_login(), is_login, "{provider} {method} {grant}");
        }
    }
}
