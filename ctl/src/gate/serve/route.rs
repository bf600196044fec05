//! Which request asks what.

use photoprism_protocol::scope::Scope;

use super::authorization::Credentials;
use super::decide::{Style, decide};
use super::forwarded::{Oddity, client};
use super::head::{BadHead, Head};
use super::introspect::{Introspection, introspect};
use super::query::Wanted;
use super::response::Response;
use crate::clock::Deadline;
use crate::gate::address::{Peer, Trust};
use crate::gate::ask::{self, Outcome, Question};
use crate::gate::daemon::{ANSWER_TIMEOUT, Daemon};
use crate::gate::log::{Log, quoted};

/// How long a health check waits for the daemon.
const PING_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

const INTROSPECT: &str = "/introspect";

/// What every request needs.
#[derive(Debug)]
pub(super) struct Gate {
    pub daemon: Daemon,
    pub log: Log,
    pub trust: Trust,
    pub scope: Option<Scope>,
    pub style: Style,
    pub introspection: Option<Introspection>,
}

impl Gate {
    /// Whether the body of a request is read.
    pub(super) fn wants_body(&self, head: &Head<'_>) -> bool {
        self.introspection.is_some() && head.path == INTROSPECT && head.method == "POST"
    }

    /// Logs a request that is refused for its form.
    pub(super) fn log_refused(&self, peer: Peer, response: &Response) {
        self.log.warn(&format!(
            "request refused peer={} status={} reason={}",
            shown(peer),
            response.status,
            quoted(response.body.trim_end())
        ));
    }

    fn no_answer(&self, why: &str) {
        self.log.warn(&format!("no answer from the daemon reason={}", quoted(why)));
    }
}

fn shown(peer: Peer) -> String {
    match peer {
        Peer::Ip(ip) => ip.to_canonical().to_string(),
        Peer::Unix => "unix".into(),
    }
}

/// Answers a request; `body` where it is wanted.
pub(super) fn route(gate: &Gate, peer: Peer, head: &Head<'_>, body: Option<&[u8]>) -> Response {
    match head.path {
        "/" => check(gate, peer, head).unwrap_or_else(Response::from),
        "/healthz" if matches!(head.method, "GET" | "HEAD") => health(gate),
        "/healthz" => Response::text(405, "GET or HEAD").with("Allow", "GET, HEAD"),
        INTROSPECT => match (&gate.introspection, body) {
            (Some(introspection), Some(body)) => {
                let response = introspect(introspection, &gate.daemon, head, body);
                response.unwrap_or_else(|error| {
                    gate.no_answer(&error);
                    Response::text(503, "the accounts cannot be asked; try again")
                })
            }
            (Some(_), None) => Response::text(405, "POST").with("Allow", "POST"),
            (None, _) => not_found(),
        },
        _ => not_found(),
    }
}

fn not_found() -> Response {
    Response::text(404, "there is / for checks and /healthz; send proxies to /")
}

fn health(gate: &Gate) -> Response {
    match gate.daemon.ping(Deadline::after(PING_TIMEOUT)) {
        Ok(()) => Response::text(200, "ok"),
        Err(error) => {
            gate.no_answer(&error.reason());
            Response::text(503, "the daemon does not answer")
        }
    }
}

/// Whether somebody may pass.
fn check(gate: &Gate, peer: Peer, head: &Head<'_>) -> Result<Response, BadHead> {
    let wanted = Wanted::parse(head.query).map_err(BadHead::Malformed)?;
    let scope = wanted.scope(gate.scope.as_ref()).map_err(BadHead::Malformed)?;
    let credentials = Credentials::of(head)?;
    let client = client(peer, head.all("x-forwarded-for"), &gate.trust);
    match &client.oddity {
        None => {}
        Some(Oddity::NoAddress(entry)) => gate.log.warn(&format!(
            "X-Forwarded-For has no address, the peer counts peer={} entry={}",
            shown(peer),
            quoted(entry)
        )),
        Some(Oddity::AllTrusted) => gate.log.warn(&format!(
            "X-Forwarded-For has trusted peers only, the peer counts peer={}",
            shown(peer)
        )),
    }
    let user_agent = head.all("user-agent").next().and_then(|value| str::from_utf8(value).ok());
    let question = Question {
        client_ip: client.ip,
        scope: scope.as_ref().map(Scope::as_str),
        realm: &gate.style.realm,
        user_agent: user_agent.map(cut),
    };
    let deadline = Deadline::after(ANSWER_TIMEOUT);
    let outcome = match &credentials {
        Credentials::None => Outcome::Nobody,
        Credentials::Token(token) => ask::token(&gate.daemon, token, &question, deadline),
        Credentials::Password { name, password } => {
            ask::password(&gate.daemon, name, password, &question, deadline)
        }
    };
    if let Outcome::NoAnswer(why) = &outcome {
        gate.no_answer(why);
    }
    Ok(decide(&outcome, wanted.roles.as_deref(), &gate.style))
}

/// What the daemon keeps of a user agent.
fn cut(text: &str) -> &str {
    text.char_indices().nth(512).map_or(text, |(end, _)| &text[..end])
}
