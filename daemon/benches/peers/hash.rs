//! Argon2id as the daemon computes it, and nothing around it.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use photoprism_daemon::clock::Stopwatch;

/// Hashes of each thread.
pub(super) const ROUNDS: u32 = 60;

/// Hashes a second of so many threads, each with memory of its own, m=19456, t=2, p=1.
pub(crate) fn hashes_per_second(threads: u32) -> f64 {
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(hash);
        }
    });
    f64::from(threads * ROUNDS) / watch.elapsed().as_secs_f64()
}

fn hash() {
    let params = Params::new(19456, 2, 1, Some(32)).expect("parameters");
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut tag = [0; 32];
    for round in 0..ROUNDS {
        let mut salt = [0; 16];
        salt[..4].copy_from_slice(&round.to_le_bytes());
        argon2
            .hash_password_into_with_memory(b"correct horse", &salt, &mut tag, &mut memory)
            .expect("a hash");
    }
}
