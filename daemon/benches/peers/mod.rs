//! What the daemon is compared with, in the same run: Redis, a bare echo, plain SQLite, and
//! Argon2id alone and of another library.

mod echo;
mod hash;
mod libargon2;
mod redis;
mod sqlite;

pub(super) use echo::{ECHOED, Echo};
pub(super) use hash::hashes_per_second;
pub(super) use libargon2::reference_hashes_per_second;
pub(super) use redis::Redis;
pub(super) use sqlite::{WARM_UP, commits_per_second};
