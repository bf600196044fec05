//! Addresses that an account is known to log in from.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use super::client_ip::Network;
use crate::store::{VOUCHES_KEPT, VOUCHES_OF_ACCOUNT, vouch_account};

/// How long a login vouches for its address, in seconds: 30 days.
pub(crate) const TRUST_SECONDS: u64 = 30 * 24 * 60 * 60;

const VOUCHED: Duration = Duration::from_secs(TRUST_SECONDS);

/// Until when which address may try an account whose places are gone. The latest of each account
/// and of all: an app password logs in from any number of addresses.
#[derive(Debug, Default)]
pub(super) struct TrustedNetworks {
    accounts: HashMap<Rc<str>, HashMap<Network, Vouch>>,
    by_age: BTreeMap<u64, (Rc<str>, Network)>,
    added: u64,
}

#[derive(Clone, Copy, Debug)]
struct Vouch {
    until: Duration,
    added: u64,
}

impl TrustedNetworks {
    pub(super) fn holds(&self, uid: &str, network: Network, now: Duration) -> bool {
        let vouch = self.accounts.get(uid).and_then(|networks| networks.get(&network));
        vouch.is_some_and(|vouch| vouch.until > now)
    }

    /// A login succeeded `ago`, later than those that were added before.
    pub(super) fn add(&mut self, uid: &str, network: Network, now: Duration, ago: Duration) {
        let left = VOUCHED.saturating_sub(ago);
        if left.is_zero() {
            return;
        }
        self.added += 1;
        let vouch = Vouch { until: now + left, added: self.added };
        let uid = match self.accounts.get_key_value(uid) {
            Some((uid, _)) => Rc::clone(uid),
            None => Rc::from(uid),
        };
        let networks = self.accounts.entry(Rc::clone(&uid)).or_default();
        if let Some(before) = networks.insert(network, vouch) {
            self.by_age.remove(&before.added);
        }
        let oldest = networks.values().map(|vouch| vouch.added).min();
        let oldest = oldest.filter(|_| networks.len() > VOUCHES_OF_ACCOUNT);
        self.by_age.insert(vouch.added, (uid, network));
        let oldest_of_all = || self.by_age.keys().next().copied();
        let excess = self.by_age.len() > VOUCHES_KEPT;
        if let Some(added) = oldest.or_else(|| oldest_of_all().filter(|_| excess)) {
            self.remove(added);
        }
    }

    /// Logins that were added.
    pub(super) const fn added(&self) -> u64 {
        self.added
    }

    /// The row was read when so many were added: a login of another daemon's, so long ago, or none.
    pub(super) fn follow(
        &mut self,
        uid: &str,
        network: Network,
        now: Duration,
        ago: Option<Duration>,
        since: u64,
    ) {
        let known = self.accounts.get(uid).and_then(|networks| networks.get(&network)).copied();
        let until = ago.map(|ago| now + VOUCHED.saturating_sub(ago));
        match (known, ago.zip(until)) {
            (Some(known), None) if known.added <= since => self.remove(known.added),
            // Rows have whole seconds.
            (Some(known), Some((_, until))) if until <= known.until + Duration::from_secs(1) => {}
            (_, Some((ago, _))) => self.add(uid, network, now, ago),
            (_, None) => {}
        }
    }

    fn remove(&mut self, added: u64) {
        if let Some((uid, network)) = self.by_age.remove(&added)
            && let Some(networks) = self.accounts.get_mut(&uid)
        {
            networks.remove(&network);
            if networks.is_empty() {
                self.accounts.remove(&uid);
            }
        }
    }

    pub(super) fn sweep(&mut self, now: Duration) {
        let ended = |(added, (uid, network)): (&u64, &(Rc<str>, Network))| {
            (!self.holds(uid, *network, now)).then_some(*added)
        };
        let ended: Vec<u64> = self.by_age.iter().filter_map(ended).collect();
        for added in ended {
            self.remove(added);
        }
    }
}

/// The text of a vouch in its row.
pub(super) fn row_text(uid: &str, network: Network) -> String {
    format!("{uid} {network}")
}

/// Reads it back.
pub(super) fn from_row_text(text: &str) -> Option<(&str, Network)> {
    let uid = vouch_account(text)?;
    Some((uid, Network::parse(text.get(uid.len() + 1..)?)?))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::super::client_ip::ClientIp;
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000);

    fn network(number: usize) -> Network {
        Network::of(IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap())))
    }

    fn added(logins: impl Iterator<Item = (String, usize)>) -> TrustedNetworks {
        let mut vouches = TrustedNetworks::default();
        for (uid, number) in logins {
            vouches.add(&uid, network(number), NOW, Duration::ZERO);
        }
        vouches
    }

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

    #[test]
    fn of_an_account_the_latest_hundred_stay_and_a_login_makes_an_address_the_latest() {
        let first_again = std::iter::once(("bob".to_owned(), 0));
        let logins = (0..100).map(|number| ("bob".to_owned(), number)).chain(first_again);
        let mut vouches = added(logins);
        vouches.add("eve", network(1), NOW, Duration::ZERO);
        for number in 100..110 {
            vouches.add("bob", network(number), NOW, Duration::ZERO);
        }
        assert_eq!(vouches.by_age.len(), VOUCHES_OF_ACCOUNT + 1);
        for (number, stays) in [(0, true), (1, false), (10, false), (11, true), (109, true)] {
            assert_eq!(vouches.holds("bob", network(number), NOW), stays, "{number}");
        }
        assert!(vouches.holds("eve", network(1), NOW), "an account costs another one nothing");
    }

    #[test]
    fn of_all_accounts_the_latest_stay() {
        let logins = (0..VOUCHES_KEPT + 500).map(|number| (format!("{}", number / 50), number));
        let mut vouches = added(logins);
        assert_eq!(vouches.by_age.len(), VOUCHES_KEPT);
        assert_eq!(vouches.accounts.len(), VOUCHES_KEPT / 50, "no account without an address");
        assert!(!vouches.holds("9", network(499), NOW) && vouches.holds("10", network(500), NOW));
        vouches.sweep(NOW + VOUCHED);
        assert!(vouches.by_age.is_empty() && vouches.accounts.is_empty());
    }
}
