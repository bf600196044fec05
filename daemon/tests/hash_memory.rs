//! The memory of the hash threads is bounded whatever is asked of them.
//!
//! Alone in its binary, one test: it measures the process.

use std::time::Duration;

use photoprism_daemon::hashing::{Costs, HashJob, Lane, Pool, PoolConfig, Target};
use photoprism_protocol::secret::Secret;

/// What the bound allows on top of the threads' own memory, in KiB.
const ALLOWANCE_KIB: u64 = 32 * 1024;

fn pool(threads: usize, memory_kib: u32) -> Pool {
    let target = Target::Argon2id(Costs { memory_kib, passes: 1, lanes: 1 });
    let monotonic = || Duration::ZERO;
    let random = getrandom::fill;
    let pool = Pool::start(PoolConfig { threads, queue: 1000, target, monotonic, random });
    pool.unwrap()
}

/// A line of `/proc/self/status` in KiB.
fn status_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// Runs `work`; how far memory rose above where it began, in KiB.
fn peak_kib(work: impl FnOnce()) -> u64 {
    let before = status_kib("VmRSS");
    // 5 sets the high-water mark back to what is resident now (proc(5)).
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    work();
    status_kib("VmHWM").saturating_sub(before)
}

fn ask(pool: &Pool, stored: Option<&str>) -> HashJob<bool> {
    let password = Secret::new("correct horse".to_owned());
    pool.queue_verify(Lane::Login, password, stored.map(str::to_owned)).unwrap()
}

fn wait(tickets: Vec<HashJob<bool>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for ticket in tickets {
        assert!(!runtime.block_on(ticket.outcome()).unwrap());
    }
}

fn a_thousand_hashes_leave_nothing_behind() {
    let pool = pool(2, 1024);
    let hash = || drop(pool.hash_blocking(Secret::new("correct horse".to_owned())).unwrap());
    // So many at once that both threads have touched their memory.
    wait((0..200).map(|_| ask(&pool, None)).collect());
    let before = status_kib("VmRSS");
    (0..1000).for_each(|_| hash());
    let after = status_kib("VmRSS");
    assert!(after < before + 1024, "{before} KiB before, {after} KiB after");
}

fn a_thousand_at_once_half_of_them_gone() {
    let (threads, memory) = (2, 19_456);
    let rise = peak_kib(|| {
        let pool = pool(threads, memory);
        let (wanted, gone): (Vec<_>, Vec<_>) =
            (0..1000).map(|number| (number, ask(&pool, None))).partition(|(n, _)| n % 8 == 0);
        drop(gone);
        wait(wanted.into_iter().map(|(_, ticket)| ticket).collect());
    });
    let bound = threads as u64 * u64::from(memory) + ALLOWANCE_KIB;
    assert!(rise > u64::from(memory), "the measure sees {rise} KiB only");
    assert!(rise < bound, "{rise} KiB of {bound}");
}

/// A stored hash of 48 MiB fits into the allowance and the own memory that makes room for it.
fn dear_stored_hashes_run_one_at_a_time() {
    let (threads, memory) = (4, 19_456);
    let dear = "$argon2id$v=19$m=49152,t=1,p=1$c29tZXNhbHQ$AAECAwQFBgcICQoLDA0ODw";
    let bound = threads as u64 * u64::from(memory) + ALLOWANCE_KIB;
    let before = status_kib("VmRSS");
    let rise = peak_kib(|| {
        let pool = pool(threads, memory);
        wait((0..12).map(|number| ask(&pool, Some(dear).filter(|_| number % 3 > 0))).collect());
    });
    assert!(rise > 49_152, "the measure sees {rise} KiB only");
    assert!(rise < bound, "{rise} KiB of {bound}");
    let after = status_kib("VmRSS");
    assert!(after < before + ALLOWANCE_KIB, "{before} KiB before, {after} KiB after");
}

#[test]
fn memory_is_bounded() {
    a_thousand_hashes_leave_nothing_behind();
    a_thousand_at_once_half_of_them_gone();
    dear_stored_hashes_run_one_at_a_time();
}
