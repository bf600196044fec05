//! IP addresses as proxies and other programs write them, and the peers that are trusted.

use std::net::{IpAddr, Ipv4Addr};

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Ip(IpAddr),
    Unix,
}

impl Peer {
    /// The address that counts where nothing else is known.
    pub(crate) fn ip(self) -> IpAddr {
        match self {
            Self::Ip(ip) => ip.to_canonical(),
            Self::Unix => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

/// Reads an address without its quotes, brackets, port and zone; `None` where it is not one.
pub(crate) fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let text = quoted.unwrap_or(text);
    let host = if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.contains(':').then_some(())?;
        after.strip_prefix(':').map_or(after.is_empty(), is_port).then_some(host)?
    } else {
        match text.split_once(':') {
            // A second colon: an IPv6 address, whose last part is not a port.
            Some((host, port)) if !port.contains(':') => is_port(port).then_some(host)?,
            _ => text,
        }
    };
    let ip: IpAddr = match host.split_once('%') {
        Some((host, zone)) if !zone.is_empty() => IpAddr::V6(host.parse().ok()?),
        Some(_) => return None,
        None => host.parse().ok()?,
    };
    Some(ip.to_canonical())
}

/// Whether it is a port, or the name that hides one (RFC 7239).
fn is_port(text: &str) -> bool {
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number || text.strip_prefix('_').is_some_and(|name| !name.is_empty())
}

/// The peers whose `X-Forwarded-For` counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trust {
    networks: Vec<Network>,
    unix: bool,
}

impl Trust {
    /// Reads a list of networks, addresses and the word `unix`; `none` alone trusts nobody.
    ///
    /// # Errors
    /// The entry that is none of these.
    pub(crate) fn parse(text: &str) -> Result<Self, &str> {
        let mut trust = Self { networks: Vec::new(), unix: false };
        if text.trim() == "none" {
            return Ok(trust);
        }
        for entry in text.split(',').map(str::trim) {
            if entry == "unix" {
                trust.unix = true;
            } else {
                trust.networks.push(Network::parse(entry).ok_or(entry)?);
            }
        }
        Ok(trust)
    }

    pub(crate) fn contains(&self, peer: Peer) -> bool {
        match peer {
            Peer::Unix => self.unix,
            Peer::Ip(ip) => self.networks.iter().any(|network| network.contains(ip)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse().ok()?, Some(bits.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let most = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_what_proxies_put_around_them() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1\t", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("192.0.2.1:_hidden", "192.0.2.1"),
            ("\"192.0.2.1:80\"", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:DB8:0::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:443", "fe80::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:443", "192.0.2.1"),
            ("2001:db8::1:80", "2001:db8::1:80"),
        ] {
            assert_eq!(parse(text), Some(address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_addresses() {
        for text in [
            "",
            " ",
            "unknown",
            "_hidden",
            "localhost",
            "192.0.2",
            "192.0.2.256",
            "192.0.2.010",
            "192.0.2.1:",
            "192.0.2.1:x",
            "192.0.2.1:123456",
            "192.0.2.1%eth0",
            "[192.0.2.1]",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "[2001:db8::1]:",
            "2001:db8::1]",
            "fe80::1%",
            "\"192.0.2.1",
            "for=192.0.2.1",
            "192.0.2.1 192.0.2.2",
            "0x7f.1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn who_is_trusted_is_a_list_of_networks_and_unix() {
        let trust = Trust::parse("127.0.0.0/8, ::1/128,10.1.2.3,2001:db8::/33,unix").unwrap();
        let ip = |text: &str| Peer::Ip(text.parse().unwrap());
        for peer in ["127.9.9.9", "::1", "10.1.2.3", "2001:db8:7fff::1", "::ffff:127.0.0.1"] {
            assert!(trust.contains(ip(peer)), "{peer}");
        }
        for peer in ["128.0.0.1", "::2", "10.1.2.4", "2001:db8:8000::", "::"] {
            assert!(!trust.contains(ip(peer)), "{peer}");
        }
        assert!(trust.contains(Peer::Unix));
        let all = Trust::parse("0.0.0.0/0,::/0").unwrap();
        assert!(all.contains(ip("192.0.2.1")) && all.contains(ip("2001:db8::1")));
        assert!(!all.contains(Peer::Unix));
        let none = Trust::parse("none").unwrap();
        assert!(!none.contains(Peer::Unix) && !none.contains(ip("127.0.0.1")));
        for bad in ["10.0.0.0/33", "::/129", "10.0.0.0/", "/8", "proxy", "10.0.0.1:80", "", "unix,"]
        {
            Trust::parse(bad).unwrap_err();
        }
    }
}
