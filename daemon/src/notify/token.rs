//! The daemon's own session in PhotoPrism: it exists while there is work, a minute at most. Its
//! secret is in memory alone.

use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use photoprism_protocol::generated::session_ref_id;
use photoprism_protocol::numeric_text::looks_numeric;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::new_app_password;
use sha2::{Digest, Sha256};
use tracing::{debug, warn};

use super::{DEADLINE, Notifier, Step, now};
use crate::clock::Stopwatch;
use crate::model::Session;
use crate::photoprism::Deletion;
use crate::store::{token_insert, token_remove, tokens_left_behind};

/// Seconds that PhotoPrism accepts it.
const LIFETIME: i64 = 60;

/// How long it is used; PhotoPrism does not notice an expiry that is moved, so another one follows.
const USED: Duration = Duration::from_secs(45);

/// The name by which people see it, where they see it at all.
const CLIENT: &str = "photoprism-admin";

/// A session in PhotoPrism's database that PhotoPrism accepts.
pub(crate) struct Token {
    pub(crate) secret: Secret,
    pub(crate) ref_id: String,
    pub(crate) id: String,
    since: Stopwatch,
}

impl Token {
    /// Whether it is too old to be used.
    pub(super) fn is_old(&self) -> bool {
        self.since.elapsed() >= USED
    }
}

impl Notifier {
    /// Creates a token. `None` where no super admin may log in.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn create_token(&self) -> Step<Option<Token>> {
        let mut random = self.random;
        let (secret, id) = loop {
            let secret = new_app_password(&mut random);
            let id = HEXLOWER.encode(&Sha256::digest(secret.expose().as_bytes()));
            // PhotoPrism's column would store it as a number.
            if !looks_numeric(&id) {
                break (secret, id);
            }
        };
        let (since, now, ref_id) = (Stopwatch::start(), now(), session_ref_id(&mut random));
        let session = Session {
            id: id.clone(),
            ref_id: ref_id.clone(),
            client_name: CLIENT.into(),
            provider: "application".into(),
            method: "default".into(),
            scope: "sessions".into(),
            grant: "cli".into(),
            expires: now + LIFETIME,
            created_at: Timestamp::from_second(now).ok(),
            ..Session::default()
        };
        let inserted =
            self.store.write(DEADLINE, move |tx| token_insert(tx, &session, now)).await?;
        Ok(inserted.then_some(Token { secret, ref_id, id, since }))
    }

    /// Ends a token: in PhotoPrism, and its row where that has not happened there.
    pub(crate) async fn end_token(&self, token: Token) {
        match self.photoprism.delete_own_session(&token.secret).await {
            Deletion::Done => {}
            other => debug!(?other, "PhotoPrism did not end the daemon's own session"),
        }
        self.remove_token(token.id).await;
    }

    /// Removes the row of a token that PhotoPrism does not know any more.
    pub(crate) async fn remove_token(&self, id: String) {
        let removed = self.store.write(DEADLINE, move |tx| token_remove(tx, &id)).await;
        if let Err(error) = removed {
            warn!(%error, "the daemon's own session in PhotoPrism's database stays for a minute");
        }
    }

    /// Removes tokens that an earlier run has left behind.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn remove_tokens_left_behind(&self) -> Step<()> {
        let now = now();
        let left = self.store.read(DEADLINE, move |db| tokens_left_behind(db, now)).await?;
        for id in left {
            self.store.write(DEADLINE, move |tx| token_remove(tx, &id)).await?;
        }
        Ok(())
    }
}
