//! Password hashes: reading stored ones, and the fixed set of threads that computes them.
//!
//! The only user of argon2 and bcrypt.

mod bcrypt_hash;
mod compute;
mod phc;
mod pool;
mod queue;
mod scheme;
mod ticket;

pub use bcrypt_hash::BcryptHash;
pub use phc::Argon2Hash;
pub use pool::{Pool, PoolConfig, Random, StartError};
pub use queue::Lane;
pub use scheme::{
    Costs, CostsSyntax, HashString, Scheme, Stored, Target, Unusable, is_hash, needs_rehash, parse,
};
pub use ticket::{PoolError, Ticket};

#[cfg(test)]
mod tests;
