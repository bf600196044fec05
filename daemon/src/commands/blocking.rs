//! Runs blocking work on a thread of its own, for reading a whole backup or another database.

use tokio::sync::oneshot;

use crate::error::CommandError;

/// Runs `work` on a thread of its own.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    let (reply, answer) = oneshot::channel();
    let work = move || {
        // A caller that went away has no use for the answer.
        let _ = reply.send(work());
    };
    let failed = |what: String| CommandError::Internal(format!("a worker thread: {what}"));
    std::thread::Builder::new()
        .name("blocking".into())
        .spawn(work)
        .map_err(|error| failed(error.to_string()))?;
    answer.await.unwrap_or_else(|_| Err(failed("it panicked".into())))
}
