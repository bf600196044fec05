//! The limiter of logins: places that failures take and time gives back.
//!
//! Used by the async thread alone. Attempts that are not yet decided make the next one wait; only
//! decided failures refuse it. The state in memory decides, by the monotonic clock; the rows of
//! `admin_limits` are read at a restart, and on a database server, where other daemons write them
//! as well, before each attempt ([`Limiter::follow`]).
//!
//! The steps of an attempt:
//!
//! 1. [`Limiter::enter`] before anything is hashed. Dropping the future while it waits, or the
//!    [`Reservation`] before it is decided, gives everything back.
//! 2. In the transaction of the attempt: after a failure `limits_charge` with
//!    [`Reservation::charges`], after a success `vouch_put` with [`Reservation::trust`]. The
//!    statement adds to what the row contains at that moment, so attempts that are decided at the
//!    same time add up in whatever order they commit, and one that is rolled back counts nowhere.
//! 3. After the commit [`Reservation::fail`] (on a server with what the rows contain then) or
//!    [`Reservation::succeed`]; drop the reservation if the commit failed, since the reply then does not depend on the password. A right password
//!    that lacks its passcode, or came with a wrong one, gives its places back by being dropped: it
//!    is the place of [`Limiter::enter_passcode`] that a wrong one takes.

mod bucket;
mod client_ip;
mod queue;
mod rate;
mod reservation;
mod shared;
mod state;
mod subject;
mod table;
#[cfg(test)]
mod tests;
mod trusted_networks;

pub(crate) use self::client_ip::ClientIp;
pub(crate) use self::rate::{Rate, RateLimited};
pub(crate) use self::reservation::{Limiter, Reservation};
pub(crate) use self::shared::Shared;
pub(crate) use self::subject::{LimitKey, NameHash, Subject};
#[cfg(test)]
pub(crate) use self::{rate::PASSCODE_RATE, trusted_networks::TRUST_SECONDS};
