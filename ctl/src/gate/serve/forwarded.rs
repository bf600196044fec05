//! The client's address behind proxies.

use std::net::IpAddr;

use crate::gate::address::{Peer, Trust, parse};

/// The client's address, and what is odd about the header that should have named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub ip: IpAddr,
    pub oddity: Option<Oddity>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The last entry that is not a trusted peer is not an address either.
    NoAddress(String),
    /// There are trusted peers only.
    AllTrusted,
}

/// The last entry of `X-Forwarded-For` that is not a trusted peer, where the peer is trusted. It is
/// the one that a trusted proxy added; those left of it anybody can invent.
pub(super) fn client<'a>(
    peer: Peer,
    headers: impl Iterator<Item = &'a [u8]>,
    trust: &Trust,
) -> Client {
    let known = |oddity| Client { ip: peer.ip(), oddity };
    if !trust.contains(peer) {
        return known(None);
    }
    let text = headers.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",");
    if text.trim().is_empty() {
        return known(None);
    }
    for entry in text.rsplit(',').map(str::trim) {
        match parse(entry) {
            Some(ip) if trust.contains(Peer::Ip(ip)) => {}
            Some(ip) => return Client { ip, oddity: None },
            None => return known(Some(Oddity::NoAddress(entry.to_owned()))),
        }
    }
    known(Some(Oddity::AllTrusted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: Peer, headers: &[&str], trust: &str) -> (String, bool) {
        let trust = Trust::parse(trust).unwrap();
        let client = client(peer, headers.iter().map(|it| it.as_bytes()), &trust);
        (client.ip.to_string(), client.oddity.is_some())
    }

    const PROXY: Peer = Peer::Ip(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)));

    #[test]
    fn the_last_that_is_not_trusted_counts() {
        for (headers, ip, is_odd) in [
            (&["192.0.2.1"][..], "192.0.2.1", false),
            (&["192.0.2.1, 192.0.2.2"], "192.0.2.2", false),
            (&["192.0.2.1", "192.0.2.2"], "192.0.2.2", false),
            (&["192.0.2.1, 10.0.0.7", "10.0.0.9:80"], "192.0.2.1", false),
            (&["[2001:db8::1]:443,10.0.0.7"], "2001:db8::1", false),
            (&["::ffff:192.0.2.1"], "192.0.2.1", false),
            (&["192.0.2.1, ::ffff:10.0.0.7"], "192.0.2.1", false),
            (&["nonsense, 192.0.2.2"], "192.0.2.2", false),
            (&["192.0.2.1, unknown"], "10.0.0.1", true),
            (&["192.0.2.1, _hidden"], "10.0.0.1", true),
            (&["192.0.2.1, unknown, 10.0.0.7"], "10.0.0.1", true),
            (&["192.0.2.1,"], "10.0.0.1", true),
            (&["192.0.2.1", ""], "10.0.0.1", true),
            (&["192.0.2.1, 192.0.2.2.3"], "10.0.0.1", true),
            (&["10.0.0.7"], "10.0.0.1", true),
            (&["10.0.0.7, 10.0.0.8"], "10.0.0.1", true),
            (&[], "10.0.0.1", false),
            (&[""], "10.0.0.1", false),
            (&["  "], "10.0.0.1", false),
        ] {
            assert_eq!(found(PROXY, headers, "10.0.0.0/8"), (ip.into(), is_odd), "{headers:?}");
        }
    }

    #[test]
    fn only_trusted_peers_are_believed() {
        let headers = &["192.0.2.1"];
        assert_eq!(found(PROXY, headers, "127.0.0.0/8,unix"), ("10.0.0.1".into(), false));
        assert_eq!(found(PROXY, headers, "none"), ("10.0.0.1".into(), false));
        assert_eq!(found(Peer::Unix, headers, "10.0.0.0/8"), ("127.0.0.1".into(), false));
        assert_eq!(found(Peer::Unix, headers, "unix"), ("192.0.2.1".into(), false));
        assert_eq!(found(Peer::Unix, &[], "unix"), ("127.0.0.1".into(), false));
        assert_eq!(found(Peer::Unix, &["unknown"], "unix"), ("127.0.0.1".into(), true));
        let mapped = Peer::Ip("::ffff:10.0.0.1".parse().unwrap());
        assert_eq!(found(mapped, headers, "10.0.0.0/8"), ("192.0.2.1".into(), false));
        assert_eq!(found(mapped, headers, "none"), ("10.0.0.1".into(), false));
    }
}
