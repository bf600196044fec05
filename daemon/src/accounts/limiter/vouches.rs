//! Addresses that an account is known to log in from.

use std::collections::HashMap;
use std::time::Duration;

use super::client_ip::Network;

/// How long a login vouches for its address, in seconds: 30 days (`spec/data.md`).
pub const VOUCHED_SECONDS: u64 = 30 * 24 * 60 * 60;

const VOUCHED: Duration = Duration::from_secs(VOUCHED_SECONDS);

/// Until when which address may try an account whose places are gone.
#[derive(Debug, Default)]
pub(super) struct Vouches(HashMap<String, HashMap<Network, Duration>>);

impl Vouches {
    pub(super) fn holds(&self, uid: &str, network: Network, now: Duration) -> bool {
        let until = self.0.get(uid).and_then(|networks| networks.get(&network));
        until.is_some_and(|until| *until > now)
    }

    /// A login succeeded `ago`.
    pub(super) fn add(&mut self, uid: &str, network: Network, (now, ago): (Duration, Duration)) {
        let left = VOUCHED.saturating_sub(ago);
        if !left.is_zero() {
            self.0.entry(uid.to_owned()).or_default().insert(network, now + left);
        }
    }

    pub(super) fn sweep(&mut self, now: Duration) {
        self.0.retain(|_, networks| {
            networks.retain(|_, until| *until > now);
            !networks.is_empty()
        });
    }
}

/// The text of a vouch in its row.
pub(super) fn row_text(uid: &str, network: Network) -> String {
    format!("{uid} {network}")
}

/// Reads it back.
pub(super) fn from_row_text(text: &str) -> Option<(&str, Network)> {
    let (uid, network) = text.rsplit_once(' ')?;
    Some((uid, Network::parse(network)?))
}

#[cfg(test)]
mod tests {
    use super::super::client_ip::ClientIp;
    use super::*;

    #[test]
    fn a_vouch_survives_its_row() {
        for address in ["192.0.2.1", "2001:db8::1"] {
            let network = ClientIp::parse(address).unwrap().network();
            let text = row_text("u0000000000000bob", network);
            assert_eq!(from_row_text(&text), Some(("u0000000000000bob", network)));
        }
        assert_eq!(from_row_text("u0000000000000bob"), None);
        assert_eq!(from_row_text("u0000000000000bob nowhere"), None);
    }
}
