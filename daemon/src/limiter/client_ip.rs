//! The address that an attempt came from, and the network that it counts as.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use photoprism_protocol::rule::RuleError;

/// Bits of an IPv6 address that one customer's machines share (RFC 6177).
const SHARED_BITS: u32 = 64;

/// An address in its canonical form: IPv4 in IPv6 is IPv4, IPv6 is written as in RFC 5952.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientIp {
    address: IpAddr,
    text: String,
}

impl ClientIp {
    /// Reads an IPv4 or IPv6 address, without port, brackets or zone.
    pub(crate) fn parse(text: &str) -> Result<Self, RuleError> {
        let address: IpAddr = text.parse().map_err(|_| {
            RuleError::new(
                "not an IP address; give one like 192.0.2.1 or 2001:db8::1, without a port",
            )
        })?;
        let address = address.to_canonical();
        Ok(Self { address, text: address.to_string() })
    }

    /// The address as it is recorded.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// What the limiter counts it as.
    pub(crate) const fn network(&self) -> Network {
        Network::of(self.address)
    }
}

impl fmt::Display for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An IPv4 address, or the /64 of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl Network {
    /// The network of that address; an IPv4 address inside IPv6 is its own.
    pub(crate) const fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let shared = u128::MAX << (u128::BITS - SHARED_BITS);
                Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & shared)))
            }
        }
    }

    /// Reads what [`Network`]'s `Display` writes; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let network = Self::of(text.strip_suffix("/64").unwrap_or(text).parse().ok()?);
        (network.to_string() == text).then_some(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(address) => write!(f, "{address}/{SHARED_BITS}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> ClientIp {
        ClientIp::parse(text).expect(text)
    }

    #[test]
    fn an_address_has_one_form_and_one_network() {
        for (text, form, network) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
            ("::FFFF:c000:201", "192.0.2.1", "192.0.2.1"),
            ("2001:DB8:0:0:1::5", "2001:db8::1:0:0:5", "2001:db8::/64"),
            ("2001:db8:0:1::", "2001:db8:0:1::", "2001:db8:0:1::/64"),
            ("::1", "::1", "::/64"),
        ] {
            assert_eq!(ip(text).as_str(), form);
            assert_eq!(ip(text).to_string(), form);
            assert_eq!(ip(text).network().to_string(), network, "{text}");
            assert_eq!(Network::parse(network), Some(ip(text).network()));
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_without_being_repeated() {
        for text in [
            "",
            " 192.0.2.1",
            "192.0.2.1:80",
            "192.0.2",
            "192.0.2.256",
            "010.0.0.1",
            "[::1]",
            "fe80::1%eth0",
            "2001:db8::/64",
            "localhost",
            "192.0.2.1\0",
        ] {
            let error = ClientIp::parse(text).expect_err(text);
            assert!(error.as_str().contains("not an IP address"), "{error}");
        }
        for text in ["192.0.2.1/64", "2001:db8::1/64", "2001:db8::", "x"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_last_half_of_an_ipv6_address_does_not_count(front: u64, a: u64, b: u64) {
            let of = |back: u64| {
                let bits = (u128::from(front) << 64) | u128::from(back);
                ip(&Ipv6Addr::from_bits(bits).to_string()).network()
            };
            // The first 64 bits of an IPv4 address inside IPv6 are zero.
            prop_assume!(front != 0);
            prop_assert_eq!(of(a), of(b));
            prop_assert_eq!(Network::parse(&of(a).to_string()), Some(of(a)));
        }

        #[test]
        fn every_ipv4_address_counts_alone_and_as_its_mapped_form(a: u32, b: u32) {
            let v4 = |bits: u32| std::net::Ipv4Addr::from_bits(bits);
            let plain = ip(&v4(a).to_string());
            let mapped = ip(&v4(a).to_ipv6_mapped().to_string());
            prop_assert_eq!(&plain, &mapped);
            let other = ip(&v4(b).to_string());
            prop_assert_eq!(plain.network() == other.network(), a == b);
        }
    }
}
