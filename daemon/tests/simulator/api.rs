//! The few routes of PhotoPrism's API that sessions come by.

use serde_json::Value;

use super::http::{Answer, Request};
use super::photoprism::{PhotoPrism, Session};
use super::rows::{find, id_of, text};
use super::sessions::ip;

/// A path below which it answers as well, as PhotoPrism does where its site has one.
const BASE: &str = "/photos";

/// Answers a request as PhotoPrism does.
pub(super) fn answer(photoprism: &mut PhotoPrism, request: &Request) -> Answer {
    let path = request.path.as_str();
    let path = path.strip_prefix(BASE).unwrap_or(path);
    match (request.method.as_str(), path) {
        ("GET", "/api/v1/status") => Answer::new(200, r#"{"status":"operational"}"#),
        ("GET", "/api/v1/session") => authorized(photoprism, request, |_, session| shown(&session)),
        ("POST", "/api/v1/session") => log_in(photoprism, request),
        ("DELETE", "/api/v1/session") => authorized(photoprism, request, |photoprism, session| {
            delete(photoprism, session.text("id"))
        }),
        ("DELETE", _) if path.starts_with("/api/v1/sessions/") => {
            let id = path["/api/v1/sessions/".len()..].to_owned();
            authorized(photoprism, request, |photoprism, session| {
                delete_by_ref(photoprism, &session, &id)
            })
        }
        ("GET" | "PROPFIND", "/originals/") => webdav(photoprism, request),
        _ => not_found(),
    }
}

pub(super) fn unauthorized() -> Answer {
    Answer::new(401, r#"{"code":401,"error":"Please log in to your account"}"#)
}

pub(super) fn forbidden() -> Answer {
    Answer::new(403, r#"{"code":403,"error":"Permission denied"}"#)
}

pub(super) fn not_found() -> Answer {
    Answer::new(404, r#"{"code":404,"error":"Not found"}"#)
}

pub(super) fn too_many() -> Answer {
    Answer::new(429, r#"{"code":429,"error":"Too many requests"}"#)
}

pub(super) fn deleted(id: &str) -> Answer {
    Answer::new(200, format!(r#"{{"session_id":"{id}","status":"deleted"}}"#))
}

/// Goes on with the session of the token, unless there is none.
fn authorized(
    photoprism: &mut PhotoPrism,
    request: &Request,
    work: impl FnOnce(&mut PhotoPrism, Session) -> Answer,
) -> Answer {
    let find =
        |photoprism: &mut PhotoPrism| photoprism.session(&id_of(request.header("x-auth-token")?));
    found(photoprism, request, find, work)
}

/// Goes on with the session that is found. One that is not counts against the address.
fn found(
    photoprism: &mut PhotoPrism,
    request: &Request,
    find: impl FnOnce(&mut PhotoPrism) -> Option<Session>,
    work: impl FnOnce(&mut PhotoPrism, Session) -> Answer,
) -> Answer {
    if photoprism.is_shut_out(ip(request)) {
        return too_many();
    }
    if let Some(session) = find(photoprism) {
        return work(photoprism, session);
    }
    photoprism.refuse(ip(request));
    unauthorized()
}

fn shown(session: &Session) -> Answer {
    let (id, role) = (session.text("id"), session.role());
    Answer::new(200, format!(r#"{{"session_id":"{id}","status":"success","role":"{role}"}}"#))
}

/// With a token its session is saved as it is; with name and app password a session is created.
fn log_in(photoprism: &mut PhotoPrism, request: &Request) -> Answer {
    if request.header("x-auth-token").is_some() {
        return authorized(photoprism, request, |photoprism, session| {
            shown(&photoprism.save(session))
        });
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let given = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let (name, password) = (given("username"), given("password"));
    found(
        photoprism,
        request,
        |photoprism| photoprism.app_password(&name, &password),
        |photoprism, parent| {
            let parent = photoprism.log_in(parent, request);
            let (child, secret) = photoprism.child(&parent);
            let id = child.text("id");
            Answer::new(200, format!(r#"{{"access_token":"{secret}","session_id":"{id}"}}"#))
        },
    )
}

fn webdav(photoprism: &mut PhotoPrism, request: &Request) -> Answer {
    let Some((name, password)) = request.credentials() else { return unauthorized() };
    found(
        photoprism,
        request,
        |photoprism| photoprism.app_password(&name, &password),
        |photoprism, session| {
            if session.allows("webdav") {
                shown(&photoprism.log_in(session, request))
            } else {
                forbidden()
            }
        },
    )
}

fn delete(photoprism: &mut PhotoPrism, id: &str) -> Answer {
    photoprism.delete(id);
    deleted(id)
}

/// Another session is found by its row, and only an admin whose token may do it ends one.
fn delete_by_ref(photoprism: &mut PhotoPrism, session: &Session, id: &str) -> Answer {
    if id == session.text("id") {
        return delete(photoprism, id);
    }
    if session.role() != "admin" || !session.allows("sessions") || !is_ref_id(id) {
        return forbidden();
    }
    match find(&photoprism.conn, "auth_sessions", "ref_id", id) {
        Some(row) => delete(photoprism, text(&row, "id")),
        None => not_found(),
    }
}

fn is_ref_id(id: &str) -> bool {
    (10..=14).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
