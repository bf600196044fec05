//! Argon2id hashes a second through the pool: one thread against one for each core.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use photoprism_daemon::hashing::{Costs, Lane, Pool, PoolConfig, Target};
use photoprism_protocol::secret::Secret;
use tokio::runtime::{Builder, Runtime};

/// Hashes for each thread in one batch: enough that the last one alone does not count.
const EACH: usize = 4;

fn pool(threads: usize) -> Pool {
    Pool::start(PoolConfig {
        threads,
        queue: threads * EACH,
        target: Target::Argon2id(Costs::FLOOR),
        monotonic: || Duration::ZERO,
        random: getrandom::fill,
    })
    .expect("the pool starts")
}

fn batch(runtime: &Runtime, pool: &Pool, count: usize) {
    let take = |_| pool.queue_hash(Lane::Login, Secret::new("correct horse".into()));
    let tickets: Result<Vec<_>, _> = (0..count).map(take).collect();
    runtime.block_on(async {
        for ticket in tickets.expect("the queue has room") {
            ticket.outcome().await.expect("a hash");
        }
    });
}

fn argon2id(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut group = criterion.benchmark_group("argon2id m=19456,t=2,p=1");
    group.sample_size(20);
    for threads in [1, cores] {
        let pool = pool(threads);
        let count = threads * EACH;
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{threads} threads"), |bencher| {
            bencher.iter(|| batch(&runtime, &pool, count));
        });
    }
    group.finish();
}

criterion_group!(benches, argon2id);
criterion_main!(benches);
