//! Password hashes: reading stored ones, and the fixed set of threads that computes them.
//!
//! The only user of argon2 and bcrypt.

mod bcrypt_hash;
mod hash_job;
mod hasher;
mod phc;
mod pool;
mod queue;
mod scheme;

pub use bcrypt_hash::BcryptHash;
pub use hash_job::{HashJob, PoolError};
pub use phc::Argon2Hash;
pub use pool::{Pool, PoolConfig, Random, StartError};
pub use queue::Lane;
pub use scheme::{
    Costs, CostsError, HashString, Scheme, Stored, StoredHashError, Target, is_hash, needs_rehash,
    parse,
};

#[cfg(test)]
mod tests;
