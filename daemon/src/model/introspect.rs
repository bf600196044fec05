//! What a token is worth: the one check, whether its session is a row or an entry of the index.

use photoprism_protocol::auth::Active;

use super::account::Account;
use super::rights::{Edition, WEBDAV, disabled_since, has_webdav, is_login_off};
use super::session::{Lifetime, Session, scope_allows, scope_within};

/// What a token must be valid for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// Names that its scope must contain.
    pub scope: Vec<String>,
    /// Name of the account that it must belong to, in its stored form.
    pub name: Option<String>,
    /// Address that it is used from.
    pub client_ip: Option<String>,
    /// App passwords, and sessions that were created from one, are not accepted.
    pub app_passwords_disabled: bool,
}

/// The session of a token, as far as the check needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub ref_id: &'a str,
    /// UID of the account; `""`: nobody's.
    pub uid: &'a str,
    pub client_uid: &'a str,
    pub client_name: &'a str,
    pub scope: &'a str,
    pub lifetime: Lifetime,
    /// It is an app password, or a session that was created from one.
    pub application: bool,
}

impl<'a> From<&'a Session> for Token<'a> {
    fn from(session: &'a Session) -> Self {
        Self {
            ref_id: &session.ref_id,
            uid: &session.user_uid,
            client_uid: &session.client_uid,
            client_name: &session.client_name,
            scope: &session.scope,
            lifetime: session.lifetime(),
            application: session.kind().is_application(),
        }
    }
}

/// The account that a token belongs to, as far as the check needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub name: &'a str,
    /// The effective role.
    pub role: &'a str,
    pub email: &'a str,
    pub base_path: &'a str,
    /// What the account may do, whatever its session allows; `""` and `*`: everything.
    pub scope: &'a str,
    /// Unix seconds since when it is disabled; `None`: never.
    pub disabled_since: Option<i64>,
    /// Logging in is switched off.
    pub login_off: bool,
    /// It may use WebDAV while it is not disabled.
    pub webdav: bool,
}

impl<'a> Owner<'a> {
    pub(crate) fn new(account: &'a Account, edition: Edition) -> Self {
        Self {
            name: &account.name,
            role: account.effective_role().as_str(),
            email: &account.email,
            base_path: &account.base_path,
            scope: &account.scope,
            disabled_since: disabled_since(account).map(jiff::Timestamp::as_second),
            login_off: is_login_off(account),
            webdav: has_webdav(account, edition),
        }
    }
}

/// The reply of RFC 7662 for an active token; `None` where it is not active for that question at
/// `now` (Unix seconds). A token of an account that does not exist is not active.
pub(crate) fn introspect(
    token: &Token<'_>,
    owner: Option<&Owner<'_>>,
    question: &Question,
    now: i64,
) -> Option<Active> {
    let owner = owner.filter(|_| !token.uid.is_empty());
    let orphaned = !token.uid.is_empty() && owner.is_none();
    let disabled = owner.and_then(|owner| owner.disabled_since).is_some_and(|since| since <= now);
    let refused = token.application && question.app_passwords_disabled;
    if refused || orphaned || disabled || token.lifetime.is_expired(now) {
        return None;
    }
    let wrong_name = question.name.is_some() && question.name.as_deref() != owner.map(|it| it.name);
    let scope = scope_within(token.scope, owner.map_or("", |owner| owner.scope))?;
    if wrong_name || !scope_allows(&scope, question.scope.iter().map(String::as_str)) {
        return None;
    }
    let confined = token.application && owner.is_some_and(|owner| owner.login_off);
    if confined && (question.scope != [WEBDAV] || owner.is_none_or(|owner| !owner.webdav)) {
        return None;
    }
    let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(Into::into);
    Some(Active {
        active: true,
        scope: if confined { WEBDAV.into() } else { scope.into_owned() },
        username: owner.and_then(|owner| text(owner.name)),
        sub: text(token.uid),
        client_id: text(token.client_uid),
        client_name: text(token.client_name),
        exp: Some(token.lifetime.expires).filter(|end| *end > 0),
        iat: Some(token.lifetime.created).filter(|at| *at > 0),
        session: token.ref_id.into(),
        role: owner.and_then(|owner| text(owner.role)),
        email: owner.and_then(|owner| text(owner.email)),
        base_path: owner.and_then(|owner| text(owner.base_path)),
    })
}

#[cfg(test)]
mod tests {
    use photoprism_protocol::{provider, role};

    use super::*;
    use crate::model::{Deleted, Provider, Role};

    const NOW: i64 = 1_800_000_000;

    fn session() -> Session {
        Session {
            ref_id: "sess1".into(),
            user_uid: "uid1".into(),
            scope: "dav web".into(),
            expires: NOW + 100,
            ..Session::default()
        }
    }

    fn bob() -> Account {
        Account {
            uid: "uid1".into(),
            name: "bob".into(),
            role: Role::Known(role::Role::User),
            email: "bob@example.com".into(),
            ..Account::default()
        }
    }

    fn asked(session: &Session, account: Option<&Account>, question: &Question) -> Option<Active> {
        let owner = account.map(|account| Owner::new(account, Edition::Full));
        introspect(&Token::from(session), owner.as_ref(), question, NOW)
    }

    fn is_active(session: &Session, account: Option<&Account>) -> bool {
        asked(session, account, &Question::default()).is_some()
    }

    #[test]
    fn an_active_token_names_its_owner() {
        let active = asked(&session(), Some(&bob()), &Question::default()).unwrap();
        assert_eq!(active.username.as_deref(), Some("bob"));
        assert_eq!(active.role.as_deref(), Some("user"));
        assert_eq!(active.email.as_deref(), Some("bob@example.com"));
        assert_eq!(active.base_path, None);
        assert_eq!(active.sub.as_deref(), Some("uid1"));
        assert_eq!((active.exp, active.iat), (Some(NOW + 100), None));
        assert_eq!((&*active.session, &*active.scope), ("sess1", "dav web"));
    }

    #[test]
    fn what_is_asked_for_must_hold() {
        let scope = |names: &[&str]| Question {
            scope: names.iter().map(ToString::to_string).collect(),
            ..Question::default()
        };
        let name = |name: &str| Question { name: Some(name.into()), ..Question::default() };
        for (question, active) in [
            (scope(&["web", "dav"]), true),
            (scope(&["web", "photos"]), false),
            (name("bob"), true),
            (name("alice"), false),
            (name(""), false),
        ] {
            let found = asked(&session(), Some(&bob()), &question).is_some();
            assert_eq!(found, active, "{question:?}");
        }
        let nobody = Session { user_uid: String::new(), ..session() };
        assert!(asked(&nobody, None, &scope(&["web"])).is_some());
        assert!(asked(&nobody, None, &name("bob")).is_none());
        // An account that happens to be given with it is not its own.
        assert!(asked(&nobody, Some(&bob()), &name("bob")).is_none());
    }

    #[test]
    fn where_logging_in_is_off_an_app_password_is_good_for_webdav_alone() {
        let app = |method: &str, scope: &str| Session {
            provider: "application".into(),
            method: method.into(),
            scope: scope.into(),
            ..session()
        };
        let scope = |names: &[&str]| Question {
            scope: names.iter().map(ToString::to_string).collect(),
            ..Question::default()
        };
        let off = Account { can_login: false, webdav: true, id: 7, ..bob() };
        let answered = |session: &Session, account: &Account, names: &[&str]| {
            asked(session, Some(account), &scope(names)).map(|active| active.scope)
        };
        for method in ["default", "session"] {
            for held in ["*", "photos webdav", ""] {
                let app = app(method, held);
                assert_eq!(answered(&app, &off, &["webdav"]).as_deref(), Some("webdav"));
                for names in [&[][..], &["photos"], &["photos", "webdav"], &["*"]] {
                    assert_eq!(answered(&app, &off, names), None, "{method} {held} {names:?}");
                }
                let on = Account { can_login: true, ..off.clone() };
                assert!(answered(&app, &on, &[]).is_some());
                let admin = Account { super_admin: true, ..off.clone() };
                assert!(answered(&app, &admin, &[]).is_some(), "a super admin may log in");
            }
            let app = app(method, "webdav");
            for account in [
                Account { webdav: false, ..off.clone() },
                Account { role: Role::Known(role::Role::Guest), ..off.clone() },
                Account { deleted: Deleted::AtUnknownTime, ..off.clone() },
            ] {
                assert_eq!(answered(&app, &account, &["webdav"]), None, "{account:?}");
            }
        }
        assert_eq!(answered(&app("default", "photos"), &off, &["webdav"]), None);
    }

    #[test]
    fn a_session_is_good_for_no_more_than_its_account() {
        let question = |name: &str| Question { scope: vec![name.into()], ..Question::default() };
        for (held, account, answered) in [
            ("dav web", "", Some("dav web")),
            ("dav web", "*", Some("dav web")),
            ("dav web", "photos web", Some("web")),
            ("dav web", "photos", None),
            ("", "photos,web", Some("photos,web")),
            ("*", "web", Some("web")),
        ] {
            let session = Session { scope: held.into(), ..session() };
            let account = Account { scope: account.into(), ..bob() };
            let asked = |question: &Question| asked(&session, Some(&account), question);
            let active = asked(&Question::default());
            assert_eq!(active.map(|it| it.scope).as_deref(), answered, "{held} {account:?}");
            assert_eq!(asked(&question("web")).is_some(), answered.is_some(), "{held} {account:?}");
            let whole = ["", "*"].contains(&&*account.scope);
            assert_eq!(asked(&question("dav")).is_some(), whole, "{held} {account:?}");
        }
        // A token of nobody has its own scope alone.
        let nobody = Session { user_uid: String::new(), ..session() };
        let account = Account { scope: "photos".into(), ..bob() };
        let active = asked(&nobody, Some(&account), &Question::default());
        assert_eq!(active.unwrap().scope, "dav web");
    }

    #[test]
    fn app_passwords_can_be_disabled_with_all_that_was_created_from_them() {
        let question = Question { app_passwords_disabled: true, ..Question::default() };
        for (provider, method, active) in [
            ("application", "default", false),
            ("application", "session", false),
            ("local", "default", true),
            ("oidc", "default", true),
            ("access_token", "oauth2", true),
        ] {
            let kept = Session { provider: provider.into(), method: method.into(), ..session() };
            let account = Account { super_admin: true, ..bob() };
            let found = asked(&kept, Some(&account), &question).is_some();
            assert_eq!(found, active, "{provider} {method}");
            assert!(is_active(&kept, Some(&account)), "{provider} {method}");
        }
    }

    #[test]
    fn a_token_ends_with_its_session_and_with_its_account() {
        assert!(!is_active(&Session { expires: NOW, ..session() }, Some(&bob())));
        assert!(!is_active(&session(), None), "its account does not exist");
        let expires_at = |seconds| jiff::Timestamp::from_second(seconds).ok();
        for (account, active) in [
            (Account { deleted: Deleted::AtUnknownTime, ..bob() }, false),
            (Account { provider: Provider::Known(provider::Provider::None), ..bob() }, false),
            (Account { expires_at: expires_at(NOW), ..bob() }, false),
            (Account { expires_at: expires_at(NOW + 1), ..bob() }, true),
            (Account { expires_at: expires_at(NOW), super_admin: true, ..bob() }, true),
            // Logging in does not matter to what was issued before.
            (Account { can_login: false, ..bob() }, true),
        ] {
            assert_eq!(is_active(&session(), Some(&account)), active, "{account:?}");
        }
    }
}
