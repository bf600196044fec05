//! Who is at the other end of a connection, and what that peer may do.
//!
//! Identity comes from the kernel alone, once after accept; the level is worked out from the
//! policy at each request, so that a reload holds at once.

mod caller;
mod permit;
mod policy;
mod rights;

pub use caller::{Caller, SocketKind};
pub use permit::{Permit, Refused};
pub use policy::{AllowEntry, Policy, Who};
pub use rights::Rights;

#[cfg(test)]
mod access_table;
