//! Password hashes, computed on the pool.

use super::Runner;
use crate::commands::request::Hashed;
use crate::error::CommandError;
use crate::hashing::{HashJob, Lane, PoolError};
use photoprism_protocol::secret::Secret;

impl Runner<'_> {
    /// Hashes a new password.
    pub(in crate::commands) async fn hash(&self, plain: &Secret) -> Result<Hashed, CommandError> {
        let ticket = self.app.pool.queue_hash(Lane::Admin, plain.clone()).map_err(pool_error)?;
        let hash = self.computed(ticket).await?;
        Ok(Hashed { hash: hash.expose().to_owned(), plain: plain.clone() })
    }

    /// Whether a password is the one of a stored hash.
    pub(in crate::commands) async fn verify(
        &self,
        plain: Secret,
        stored: Option<String>,
    ) -> Result<bool, CommandError> {
        self.verify_in(Lane::Admin, plain, stored).await
    }

    /// The same in the lane of its command.
    pub(in crate::commands) async fn verify_in(
        &self,
        lane: Lane,
        plain: Secret,
        stored: Option<String>,
    ) -> Result<bool, CommandError> {
        let ticket = self.app.pool.queue_verify(lane, plain, stored).map_err(pool_error)?;
        self.computed(ticket).await
    }

    async fn computed<T>(&self, mut ticket: HashJob<T>) -> Result<T, CommandError> {
        self.unless_gone(ticket.begun()).await?;
        ticket.outcome().await.map_err(pool_error)
    }
}

fn pool_error(error: PoolError) -> CommandError {
    match error {
        PoolError::Busy { retry_after_s } => CommandError::Busy { retry_after_s },
        PoolError::Stopped => CommandError::Unavailable("the daemon is stopping".into()),
        PoolError::TooLong => CommandError::broken(
            "password",
            "the password has more than 72 bytes, bcrypt would cut it short; use a shorter one",
        ),
        PoolError::Failed => CommandError::Internal("a password hash was not computed".into()),
    }
}
