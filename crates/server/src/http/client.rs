//! Where a request came from: the peer, or whom a trusted proxy names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::options::HttpOptions;

/// The field in which proxies name whom they ask for.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// An address, or all that begin like it: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    n_bits: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IP address, or one with a slash and the number of bits that count")]
pub struct BadNetwork;

impl Network {
    /// Whether an address is one of it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, address) = (bits(self.address), bits(address.to_canonical()));
        // As far as both begin alike; a shift by all bits leaves nothing to differ.
        let differing = (own.0 ^ address.0).checked_shr(u32::from(own.1 - self.n_bits));
        own.1 == address.1 && differing.unwrap_or(0) == 0
    }
}

/// An address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let (address, n_bits) = match text.split_once('/') {
            Some((address, n_bits)) => (address, Some(n_bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_invalid| BadNetwork)?;
        let address = if n_bits.is_none() { address.to_canonical() } else { address };
        let max = bits(address).1;
        let n_bits = n_bits.map_or(Ok(max), str::parse).map_err(|_invalid| BadNetwork)?;
        if n_bits > max { Err(BadNetwork) } else { Ok(Self { address, n_bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.n_bits == bits(self.address).1 {
            return self.address.fmt(f);
        }
        write!(f, "{}/{}", self.address, self.n_bits)
    }
}

impl TryFrom<String> for Network {
    type Error = BadNetwork;

    fn try_from(text: String) -> Result<Self, BadNetwork> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

/// The address that limits count by. Forwarded addresses count only from trusted proxies; the
/// last one that is not such a proxy is the client.
pub(crate) fn client_ip(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    options: &HttpOptions,
) -> IpAddr {
    let mut client = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ip| ip.to_canonical());
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let named = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for address in named {
        if !options.trusted_proxies.iter().any(|proxies| proxies.contains(client)) {
            break;
        }
        let Ok(address) = address.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let trusted_proxies = vec!["127.0.0.1".parse().unwrap(), "10.0.0.0/30".parse().unwrap()];
        let options = HttpOptions { trusted_proxies, ..HttpOptions::default() };
        for (peer, forwarded, expected) in [
            ("192.0.2.9", None, "192.0.2.9"),
            ("192.0.2.9", Some("198.51.100.1"), "192.0.2.9"),
            ("127.0.0.1", None, "127.0.0.1"),
            ("127.0.0.1", Some("198.51.100.1"), "198.51.100.1"),
            ("::ffff:127.0.0.1", Some("198.51.100.1"), "198.51.100.1"),
            ("127.0.0.1", Some("203.0.113.7, 198.51.100.1"), "198.51.100.1"),
            ("127.0.0.1", Some("203.0.113.7, 198.51.100.1, 10.0.0.2"), "198.51.100.1"),
            ("127.0.0.1", Some("203.0.113.7, 10.0.0.4"), "10.0.0.4"),
            ("127.0.0.1", Some("unknown"), "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(forwarded) = forwarded {
                headers.insert(FORWARDED_FOR, forwarded.parse().unwrap());
            }
            let peer = Some(peer.parse().unwrap());
            assert_eq!(client_ip(peer, &headers, &options), expected.parse::<IpAddr>().unwrap());
        }
    }

    #[test]
    fn a_network_is_all_that_begins_alike() {
        for (network, address, expected) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{network}");
        }
        for text in ["", "all", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "/8"] {
            assert_eq!(text.parse::<Network>(), Err(BadNetwork), "{text}");
        }
    }
}
