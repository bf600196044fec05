//! Password hashes: reading stored ones, and the fixed set of threads that computes them.
//!
//! The only user of argon2 and bcrypt.

mod bcrypt_hash;
mod costs;
mod durations;
mod hash_job;
mod hasher;
mod phc;
mod pool;
mod queue;
mod scheme;

pub use bcrypt_hash::BcryptHash;
pub use costs::{Costs, CostsSyntax, Scheme, StoredHashError};
pub use hash_job::{HashJob, PoolError};
pub use hasher::Random;
pub use phc::Argon2Hash;
pub use pool::{Pool, PoolConfig, StartError};
pub use queue::Lane;
pub use scheme::{HashString, Stored, Target, is_hash, needs_rehash, parse};

#[cfg(test)]
mod tests;
