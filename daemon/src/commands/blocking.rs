//! Runs blocking work on a thread of its own, for reading a whole backup or another database.

use tokio::sync::oneshot;

use crate::error::CommandError;
use crate::sys::give_memory_back;

/// Runs `work` on a thread of its own.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    let (reply, answer) = oneshot::channel();
    let work = move || {
        // A caller that went away has no use for the answer.
        let _ = reply.send(work());
        give_memory_back();
    };
    let failed = |what: String| CommandError::Internal(format!("a worker thread: {what}"));
    std::thread::Builder::new()
        .name("blocking".into())
        .spawn(work)
        .map_err(|error| failed(error.to_string()))?;
    answer.await.unwrap_or_else(|_| Err(failed("it panicked".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// One block that stays keeps the allocator from doing so by itself.
    #[cfg(target_env = "gnu")]
    #[tokio::test]
    async fn memory_of_long_work_is_given_back() {
        const BLOCKS: usize = 300_000;
        let before = resident();
        let work = || {
            let mut blocks: Vec<Box<[u8; 1024]>> =
                (0..BLOCKS).map(|_| Box::new([1; 1024])).collect();
            Ok((blocks.pop(), resident()))
        };
        let (_stays, meanwhile) = run_blocking(work).await.unwrap();
        assert!(meanwhile > before + 250_000, "{before} {meanwhile}");
        // The reply comes before the thread has ended.
        while resident() > before + 100_000 {}
    }
}
