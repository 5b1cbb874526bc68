//! Where a request came from: the peer, or whom a trusted proxy names.

use std::net::{IpAddr, Ipv4Addr};

use http::HeaderMap;

use super::options::HttpOptions;

/// The field in which proxies name whom they ask for.
const FORWARDED_FOR: &str = "x-forwarded-for";

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
        if !options.trusted_proxies.contains(&client) {
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
        let trusted_proxies = vec!["127.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let options = HttpOptions { trusted_proxies, ..HttpOptions::default() };
        for (peer, forwarded, expected) in [
            ("192.0.2.9", None, "192.0.2.9"),
            ("192.0.2.9", Some("198.51.100.1"), "192.0.2.9"),
            ("127.0.0.1", None, "127.0.0.1"),
            ("127.0.0.1", Some("198.51.100.1"), "198.51.100.1"),
            ("::ffff:127.0.0.1", Some("198.51.100.1"), "198.51.100.1"),
            ("127.0.0.1", Some("203.0.113.7, 198.51.100.1"), "198.51.100.1"),
            ("127.0.0.1", Some("203.0.113.7, 198.51.100.1, 10.0.0.2"), "198.51.100.1"),
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
}
