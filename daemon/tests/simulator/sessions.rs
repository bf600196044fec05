//! How sessions are used, saved and created.

use super::http::Request;
use super::photoprism::{PhotoPrism, Session, with};
use super::rows::{id_of, stored_now};

/// The address that a request comes from.
pub(super) fn ip(request: &Request) -> &str {
    request.header("x-forwarded-for").unwrap_or("127.0.0.1")
}

fn agent(request: &Request) -> &str {
    request.header("user-agent").unwrap_or_default()
}

impl PhotoPrism {
    /// A session is used to log in, or over WebDAV. From another address or by another program all
    /// of it is saved.
    pub(super) fn log_in(&mut self, session: Session, request: &Request) -> Session {
        let is_same = session.text("client_ip") == ip(request)
            && session.text("user_agent") == agent(request);
        if is_same {
            return session;
        }
        let now = stored_now(&self.conn);
        let row = with(session.row, "client_ip", ip(request).to_owned());
        let row = with(row, "login_ip", ip(request).to_owned());
        let row = with(row, "user_agent", agent(request).to_owned());
        let row = with(row, "login_at", now.clone());
        self.save(Session { row: with(row, "updated_at", now), ..session })
    }

    /// The app password of an account that was given in place of its password.
    pub(super) fn app_password(&mut self, name: &str, password: &str) -> Option<Session> {
        let session = self.session(&id_of(password))?;
        (session.is_app_password() && session.text("user_name") == name).then_some(session)
    }

    /// Creates a session from an app password; gives it with its secret.
    pub(super) fn child(&mut self, parent: &Session) -> (Session, String) {
        self.created += 1;
        let random = id_of(&format!("{} {}", parent.text("id"), self.created));
        let secret = random[..48].to_owned();
        let row = with(parent.row.clone(), "id", id_of(&secret));
        let row = with(row, "ref_id", format!("sess{}", &random[..8]));
        let row = with(row, "auth_method", "session".to_owned());
        let row = with(row, "auth_id", parent.text("id").to_owned());
        let child = self.save(Session { row, user: parent.user.clone() });
        (child, secret)
    }
}
