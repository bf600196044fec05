//! `users.show` over the socket: one request and its reply, and 64 requests sent at once.

mod common;

use common::{Daemon, SHOW};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;

fn users_show(criterion: &mut Criterion) {
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let (daemon, _) = Daemon::start(&directory, &[]);
    let mut group = criterion.benchmark_group("users.show");
    for count in [1, 64] {
        let mut client = daemon.connect();
        let lines = SHOW.repeat(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{count} at once"), |bencher| {
            bencher.iter(|| client.ask(&lines, count));
        });
    }
    group.finish();
}

criterion_group!(benches, users_show);
criterion_main!(benches);
