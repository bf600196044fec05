//! The noun `logins`: the record of attempts.

pub(super) mod clear;
pub(super) mod ls;
pub(super) mod record;

use photoprism_protocol::logins::Entry;

use crate::error::CommandError;
use crate::limiter::ClientIp;
use crate::model::to_rfc3339;
use crate::store::LoginRow;

fn address(text: &str) -> Result<ClientIp, CommandError> {
    ClientIp::parse(text).map_err(|rule| CommandError::invalid("client_ip", &rule))
}

/// The record as the wire shows it.
pub(super) fn to_wire(row: LoginRow) -> Entry {
    Entry {
        login_at: row.login_at.map(to_rfc3339),
        failed_at: row.failed_at.map(to_rfc3339),
        banned_at: row.banned_at.map(to_rfc3339),
        updated_at: row.updated_at.map(to_rfc3339),
        client_ip: row.client_ip,
        name: row.name,
        realm: row.realm,
        status: row.status,
        error: row.error,
        repeated: row.repeated,
        user_agent: row.user_agent,
    }
}
