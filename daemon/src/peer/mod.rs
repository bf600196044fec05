//! Who is at the other end of a connection, and what that peer may do.
//!
//! Identity comes only from the kernel, once after accept; the level is derived from the policy at
//! each request, so that a reload takes effect at once.

mod caller;
mod permit;
mod policy;
mod rights;

pub use caller::{Caller, SocketKind};
pub use permit::{AccessError, Permit};
pub use policy::{AllowEntry, Policy, Who};
pub use rights::Rights;

#[cfg(test)]
mod access_table;
#[cfg(test)]
mod tests;
