//! What commands that are not yet on the runner use.

use std::sync::Arc;

use photoprism_protocol::envelope::Success;

use super::Runner;
use crate::commands::context::Outcome;
use crate::commands::key::Key;
use crate::commands::request::Context;
use crate::error::CommandError;
use crate::store::{Db, Tx};

impl Runner<'_> {
    pub(crate) async fn read_with<R: Send + 'static>(
        &self,
        request: R,
        handler: fn(&Db, &Context, &R) -> Result<Success, CommandError>,
    ) -> Result<Success, CommandError> {
        let context = Arc::clone(&self.context);
        self.app.store.read(self.time_left(), move |db| handler(db, &context, &request)).await
    }

    pub(crate) async fn write_with(
        &self,
        key: Option<Key>,
        handler: impl Fn(&Tx<'_>, &Context, Option<&Key>) -> Result<Outcome, CommandError>
        + Send
        + 'static,
    ) -> Result<Success, CommandError> {
        let context = Arc::clone(&self.context);
        let work = move |tx: &Tx<'_>| handler(tx, &context, key.as_ref());
        self.app.store.write_with_effects(self.time_left(), work).await
    }
}
