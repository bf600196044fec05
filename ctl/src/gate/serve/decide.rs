//! From what came of a check to a response. Nothing but [`Outcome::Passed`] lets anybody in.

use super::query::encode;
use super::response::Response;
use crate::gate::ask::{Identity, Outcome};

/// What the settings say about responses.
#[derive(Clone, Debug)]
pub(super) struct Style {
    pub realm: String,
    /// 204 or 200.
    pub ok: u16,
    /// 429 or 401.
    pub limited_status: u16,
}

/// The response for an outcome; `roles`: who may pass.
pub(super) fn decide(outcome: &Outcome, roles: Option<&[String]>, style: &Style) -> Response {
    match outcome {
        Outcome::Passed(who) if roles.is_none_or(|roles| roles.contains(&who.role)) => {
            passed(who, style.ok)
        }
        Outcome::Passed(_) => Response::text(403, "this account has another role"),
        Outcome::NotAllowed => Response::text(403, "what was sent does not allow this"),
        Outcome::Nobody => {
            challenge(Response::text(401, "a name and a password are needed"), style)
        }
        Outcome::Limited { retry_after_s } => limited(*retry_after_s, style),
        Outcome::NoAnswer(_) => Response::text(503, "the accounts cannot be asked; try again"),
    }
}

/// Always all headers: a client's own of these names are replaced by them.
fn passed(who: &Identity, ok: u16) -> Response {
    Response::empty(ok)
        .with("Remote-User", encode(&who.name))
        .with("Remote-Email", encode(&who.email))
        .with("Remote-Role", encode(&who.role))
        .with("Remote-Scope", encode(&who.scope))
}

fn limited(retry_after_s: Option<u64>, style: &Style) -> Response {
    let text = "too many attempts; try again later";
    let response = Response::text(style.limited_status, text)
        // The limiter gives one attempt back each minute.
        .with("Retry-After", retry_after_s.unwrap_or(60).to_string());
    if style.limited_status == 401 { challenge(response, style) } else { response }
}

fn challenge(response: Response, style: &Style) -> Response {
    let realm = style.realm.replace('\\', "\\\\").replace('"', "\\\"");
    response.with("WWW-Authenticate", format!("Basic realm=\"{realm}\", charset=\"UTF-8\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style() -> Style {
        Style { realm: "Bob's \"\\".into(), ok: 204, limited_status: 429 }
    }

    fn bob() -> Identity {
        Identity {
            name: "zoë".into(),
            email: "a@b.c".into(),
            role: "admin".into(),
            scope: "dav web".into(),
        }
    }

    fn header(response: &Response, name: &str) -> Option<String> {
        response.headers.iter().find(|(it, _)| *it == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn only_who_passed_is_let_in() {
        let roles = ["admin".to_owned(), "user".to_owned()];
        for (outcome, roles, status) in [
            (Outcome::Passed(bob()), None, 204),
            (Outcome::Passed(bob()), Some(&roles[..]), 204),
            (Outcome::Passed(bob()), Some(&roles[1..]), 403),
            (Outcome::Passed(Identity::default()), Some(&roles[..]), 403),
            (Outcome::Passed(Identity::default()), None, 204),
            (Outcome::NotAllowed, None, 403),
            (Outcome::Nobody, Some(&roles[..]), 401),
            (Outcome::Limited { retry_after_s: Some(7) }, None, 429),
            (Outcome::NoAnswer("secret".into()), None, 503),
        ] {
            let response = decide(&outcome, roles, &style());
            assert_eq!(response.status, status, "{outcome:?}");
            let names_somebody = header(&response, "Remote-User").is_some();
            assert_eq!(names_somebody, status == 204, "{outcome:?}");
            assert!(!response.body.contains("secret"));
        }
        let response = decide(&Outcome::Passed(bob()), None, &Style { ok: 200, ..style() });
        assert_eq!((response.status, response.body.as_str()), (200, ""));
    }

    #[test]
    fn who_passed_is_named_in_four_headers() {
        let response = decide(&Outcome::Passed(bob()), None, &style());
        let shown = ["User", "Email", "Role", "Scope"]
            .map(|name| header(&response, &format!("Remote-{name}")).unwrap());
        assert_eq!(shown, ["zo%C3%AB", "a@b.c", "admin", "dav%20web"]);
        let response = decide(&Outcome::Passed(Identity::default()), None, &style());
        assert_eq!(response.headers.len(), 4);
    }

    #[test]
    fn a_refusal_says_how_to_go_on() {
        let challenge = "Basic realm=\"Bob's \\\"\\\\\", charset=\"UTF-8\"";
        let response = decide(&Outcome::Nobody, None, &style());
        assert_eq!(header(&response, "WWW-Authenticate").unwrap(), challenge);
        let limited = Outcome::Limited { retry_after_s: Some(7) };
        let response = decide(&limited, None, &style());
        assert_eq!(header(&response, "Retry-After").unwrap(), "7");
        assert!(header(&response, "WWW-Authenticate").is_none());
        let response = decide(&limited, None, &Style { limited_status: 401, ..style() });
        assert_eq!(response.status, 401);
        assert_eq!(header(&response, "Retry-After").unwrap(), "7");
        assert_eq!(header(&response, "WWW-Authenticate").unwrap(), challenge);
        let response = decide(&Outcome::Limited { retry_after_s: None }, None, &style());
        assert_eq!(header(&response, "Retry-After").unwrap(), "60");
    }
}
