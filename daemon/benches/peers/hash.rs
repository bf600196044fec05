//! Argon2id as the daemon computes it, in its pool, and nothing around that.

use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use photoprism_daemon::hashing::{Costs, Lane, Pool, PoolConfig, Target};
use photoprism_protocol::secret::Secret;
use tokio::runtime::Builder;

/// Hashes of each thread.
pub(super) const ROUNDS: u32 = 60;

/// Hashes a second of so many threads, each with memory of its own, m=19456, t=2, p=1.
pub(crate) fn hashes_per_second(threads: u32) -> f64 {
    let hashes = (threads * ROUNDS) as usize;
    let pool = Pool::start(PoolConfig {
        threads: threads as usize,
        queue: hashes,
        target: Target::Argon2id(Costs::FLOOR),
        monotonic: || Duration::ZERO,
        random: getrandom::fill,
    });
    let pool = pool.expect("the pool starts");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let watch = Stopwatch::start();
    let take = |_| pool.queue_hash(Lane::Login, Secret::new("correct horse".into()));
    let tickets: Result<Vec<_>, _> = (0..hashes).map(take).collect();
    runtime.block_on(async {
        for ticket in tickets.expect("the queue has room") {
            ticket.outcome().await.expect("a hash");
        }
    });
    f64::from(threads * ROUNDS) / watch.elapsed().as_secs_f64()
}
