//! The limits of the protocol: how much one peer, or all of them, may ask for.

use std::time::Duration;

use super::error::ConfigError;
use super::table::Id;
use super::values::Values;

/// The limits in force. A reload changes all but `hash_threads`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of the longest request line, without its newline.
    pub max_line: usize,
    /// Connections on both sockets together.
    pub max_connections: usize,
    /// Connections of one uid on one socket, root and the daemon's own included.
    pub max_connections_per_uid: usize,
    /// Connections beyond both, of root and the daemon's uid on the admin socket.
    pub reserved_connections: usize,
    /// Timeout from the first byte of a request to its newline.
    pub line_timeout: Duration,
    /// Timeout of a connection without a request.
    pub idle_timeout: Duration,
    /// Timeout for the client to read a reply.
    pub write_timeout: Duration,
    /// Timeout until the work of a request begins.
    pub request_timeout: Duration,
    /// Threads that compute password hashes; fixed until a restart.
    pub hash_threads: usize,
    /// Password checks that may wait in the queue.
    pub hash_queue: usize,
    /// Failed logins that the limiter allows an address or an account in a burst.
    pub login_burst: u32,
    /// Time until the limiter allows one more.
    pub login_refill: Duration,
    /// Minimum delay before the refusal of a login is sent.
    pub refusal_floor: Duration,
    /// Rows of login records that are kept.
    pub login_records: u64,
}

impl Limits {
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let seconds = |id| values.number(id).map(Duration::from_secs);
        Ok(Self {
            max_line: values.count(Id::MaxLine)?,
            max_connections: values.count(Id::MaxConnections)?,
            max_connections_per_uid: values.count(Id::MaxConnectionsPerUid)?,
            reserved_connections: values.count(Id::ReservedConnections)?,
            line_timeout: seconds(Id::LineTimeout)?,
            idle_timeout: seconds(Id::IdleTimeout)?,
            write_timeout: seconds(Id::WriteTimeout)?,
            request_timeout: seconds(Id::RequestTimeout)?,
            hash_threads: values.count(Id::HashThreads)?,
            hash_queue: values.count(Id::HashQueue)?,
            login_burst: values.small(Id::LoginBurst)?,
            login_refill: seconds(Id::LoginRefill)?,
            refusal_floor: values.number(Id::RefusalFloor).map(Duration::from_millis)?,
            login_records: values.number(Id::LoginRecords)?,
        })
    }
}
