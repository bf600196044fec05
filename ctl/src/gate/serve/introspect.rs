//! `POST /introspect`: RFC 7662 for programs that understand it.

use photoprism_protocol::auth::Verify;
use photoprism_protocol::scope::Scope;
use photoprism_protocol::secret::Secret;
use subtle::ConstantTimeEq;

use super::authorization::Credentials;
use super::head::Head;
use super::query::pairs;
use super::response::Response;
use crate::clock::Deadline;
use crate::gate::ask::is_plausible;
use crate::gate::daemon::{ANSWER_TIMEOUT, Daemon};

/// Introspection is on, for those who have this secret.
pub(super) struct Introspection(Secret);

impl std::fmt::Debug for Introspection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Introspection(…)")
    }
}

/// What a form asks.
struct Form {
    token: Secret,
    scope: Option<Scope>,
}

impl Introspection {
    pub(super) fn new(secret: Secret) -> Self {
        Self(secret)
    }

    fn allows(&self, credentials: &Credentials) -> bool {
        let (Credentials::Token(sent) | Credentials::Password { password: sent, .. }) = credentials
        else {
            return false;
        };
        sent.expose().as_bytes().ct_eq(self.0.expose().as_bytes()).into()
    }
}

/// Answers it.
///
/// # Errors
/// Why the daemon did not answer.
pub(super) fn introspect(
    introspection: &Introspection,
    daemon: &Daemon,
    head: &Head<'_>,
    body: &[u8],
) -> Result<Response, String> {
    let credentials = match Credentials::of_authorization(head) {
        Ok(credentials) => credentials,
        Err(bad) => return Ok(bad.into()),
    };
    if !introspection.allows(&credentials) {
        return Ok(Response::text(401, "the secret for introspection is needed")
            .with("WWW-Authenticate", "Bearer realm=\"introspect\""));
    }
    let form = match Form::parse(head, body) {
        Ok(form) => form,
        Err(why) => {
            let text = format!("{{\"error\":\"invalid_request\",\"error_description\":\"{why}\"}}");
            return Ok(Response::json(400, &text));
        }
    };
    let inactive = || Response::json(200, "{\"active\":false}");
    if !is_plausible(form.token.expose()) {
        return Ok(inactive());
    }
    let scope = form.scope.map(|scope| scope.as_str().to_owned());
    let args = Verify { token: form.token, scope, name: None, client_ip: None };
    match daemon.verify(&args, Deadline::after(ANSWER_TIMEOUT)) {
        Ok(Some(verified)) => Ok(Response::json(200, verified.raw.get())),
        Ok(None) => Ok(inactive()),
        Err(error) => Err(error.reason()),
    }
}

impl Form {
    /// Other keys, such as `token_type_hint`, are ignored, as the RFC says.
    fn parse(head: &Head<'_>, body: &[u8]) -> Result<Self, &'static str> {
        let kind = head.all("content-type").next().unwrap_or_default();
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if !kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            return Err("the body is not a form");
        }
        let text = str::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
        let (mut token, mut scope) = (None, None);
        for (key, value) in pairs(text).map_err(|_| "the form is malformed")? {
            let place = match key.as_str() {
                "token" => &mut token,
                "scope" => &mut scope,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err("a key comes twice");
            }
        }
        let token = token.filter(|token| !token.is_empty()).ok_or("the token is missing")?;
        let scope = scope.map(|scope| Scope::parse(&scope).map_err(|_| "the scope is not one"));
        Ok(Self { token: Secret::new(token.to_string()), scope: scope.transpose()? })
    }
}
