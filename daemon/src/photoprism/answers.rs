//! What PhotoPrism is asked, and what its answers mean.

use photoprism_protocol::secret::Secret;
use serde::Deserialize;

use super::caller::{CallError, PhotoPrism};
use super::http::{Answer, Method, Request};
use crate::model::is_notifiable;

/// What became of a request to delete a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// PhotoPrism has forgotten it, if its row is gone too.
    Done,
    /// The token is not accepted.
    TokenRefused(u16),
    /// It answered something else.
    Failed(String),
    /// It did not answer.
    Unanswered(String),
}

/// What answers at the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// PhotoPrism.
    PhotoPrism,
    /// A server that speaks TLS there and nothing else.
    Tls,
    /// Something else.
    Other(u16),
}

/// How PhotoPrism takes a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnSession {
    Accepted,
    Refused,
    Other(u16),
}

#[derive(Deserialize)]
struct Deleted {
    session_id: Option<String>,
}

#[derive(Deserialize)]
struct Operational {
    status: Option<String>,
}

impl PhotoPrism {
    /// Deletes the session with that reference id and that id: its row, those created from it, and
    /// what is in memory.
    pub(crate) async fn delete_session(&self, ref_id: &str, id: &str, token: &Secret) -> Deletion {
        if !is_notifiable(ref_id) {
            return Deletion::Failed("it has a reference id that PhotoPrism does not take".into());
        }
        let path = format!("/api/v1/sessions/{ref_id}");
        let token = Some(token.clone());
        let answer = self.call(Request { method: Method::Delete, path, token }).await;
        deletion(answer, |deleted| deleted == id)
    }

    /// Ends the session of the token itself.
    pub(crate) async fn delete_own_session(&self, token: &Secret) -> Deletion {
        let (path, token) = ("/api/v1/session".into(), Some(token.clone()));
        let answer = self.call(Request { method: Method::Delete, path, token }).await;
        deletion(answer, |_| true)
    }

    /// Asks for the session of the token.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) async fn own_session(&self, token: &Secret) -> Result<OwnSession, CallError> {
        let (path, token) = ("/api/v1/session".into(), Some(token.clone()));
        let answer = self.call(Request { method: Method::Get, path, token }).await?;
        Ok(match answer.status {
            200 => OwnSession::Accepted,
            401 => OwnSession::Refused,
            other => OwnSession::Other(other),
        })
    }

    /// Asks what is there.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) async fn presence(&self) -> Result<Presence, CallError> {
        let path = "/api/v1/status".into();
        match self.call(Request { method: Method::Get, path, token: None }).await {
            Ok(answer) => Ok(presence(&answer)),
            Err(CallError::Tls) => Ok(Presence::Tls),
            Err(error) => Err(error),
        }
    }
}

fn presence(answer: &Answer) -> Presence {
    let text = String::from_utf8_lossy(&answer.body);
    // What the HTTP server of Go's library answers where it expects TLS.
    if answer.status == 400 && text.contains("HTTP request to an HTTPS server") {
        return Presence::Tls;
    }
    let found = serde_json::from_slice::<Operational>(&answer.body).ok();
    match found.and_then(|found| found.status).as_deref() {
        Some("operational") if answer.status == 200 => Presence::PhotoPrism,
        _ => Presence::Other(answer.status),
    }
}

/// In public mode PhotoPrism answers 200 with the id of another session and does nothing.
fn deletion(answer: Result<Answer, CallError>, is_it: impl Fn(&str) -> bool) -> Deletion {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Deletion::Unanswered(error.to_string()),
    };
    match answer.status {
        200 => {
            let deleted = serde_json::from_slice::<Deleted>(&answer.body).ok();
            match deleted.and_then(|deleted| deleted.session_id) {
                Some(id) if is_it(&id) => Deletion::Done,
                _ => Deletion::Failed("it answered 200 and deleted another session or none".into()),
            }
        }
        404 => Deletion::Done,
        status @ (401 | 403 | 429) => Deletion::TokenRefused(status),
        status => Deletion::Failed(format!("it answered {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn only_the_session_itself_or_none_counts_as_deleted() {
        let of = |answer| deletion(Ok(answer), |id| id == "88f2");
        for (status, body) in [
            (200, r#"{"session_id":"88f2","status":"deleted"}"#),
            (404, r#"{"code":404,"error":"Not found"}"#),
            (404, ""),
        ] {
            assert_eq!(of(answer(status, body)), Deletion::Done, "{status} {body}");
        }
        for status in [401, 403, 429] {
            assert_eq!(of(answer(status, "")), Deletion::TokenRefused(status));
        }
        for (status, body) in [
            (200, r#"{"session_id":"99f2","status":"deleted"}"#),
            (200, r#"{"status":"deleted"}"#),
            (200, "<html>"),
            (200, ""),
            (202, r#"{"session_id":"88f2"}"#),
            (301, ""),
            (307, ""),
            (500, r#"{"session_id":"88f2"}"#),
            (503, ""),
        ] {
            assert!(matches!(of(answer(status, body)), Deletion::Failed(_)), "{status} {body}");
        }
        let silent = deletion(Err(CallError::Silent), |_| true);
        assert!(matches!(silent, Deletion::Unanswered(_)));
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let of = |status, body| presence(&answer(status, body));
        assert_eq!(of(200, r#"{"status":"operational"}"#), Presence::PhotoPrism);
        assert_eq!(of(200, r#"{"status":"up"}"#), Presence::Other(200));
        assert_eq!(of(200, "<html>"), Presence::Other(200));
        assert_eq!(of(404, r#"{"status":"operational"}"#), Presence::Other(404));
        assert_eq!(of(400, "Client sent an HTTP request to an HTTPS server.\n"), Presence::Tls);
        assert_eq!(of(400, ""), Presence::Other(400));
    }
}
