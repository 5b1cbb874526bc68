//! The connections of a listener, counted: all of them, and those of each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, OnceLock, Weak};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// All connections of a listener.
#[derive(Debug, Default)]
pub(crate) struct Places {
    n_all: AtomicUsize,
    /// Only addresses that have a connection: no more than there are connections.
    addresses: Mutex<HashMap<IpAddr, Arc<Address>>>,
    /// All that count for no address, together.
    others: OnceLock<Arc<Address>>,
}

/// One address, or all that are not counted apart.
#[derive(Debug)]
struct Address {
    places: Weak<Places>,
    network: Option<IpAddr>,
    n: AtomicUsize,
}

/// Where a connection comes from; every request carries it among its extensions.
#[derive(Debug, Clone)]
pub(crate) struct Origin(Arc<Address>);

/// One connection among those counted, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Place(Arc<Address>);

impl Places {
    /// Counts a connection, also as one of a network if that is told.
    pub(crate) fn take(self: &Arc<Self>, network: Option<IpAddr>) -> Place {
        let new = || {
            let places = Arc::downgrade(self);
            Arc::new(Address { places, network, n: AtomicUsize::new(0) })
        };
        match network {
            None => Origin(Arc::clone(self.others.get_or_init(new))).place(),
            Some(network) => {
                let mut addresses = self.addresses.lock();
                // Counted before the lock goes: an address without a connection may be removed.
                Origin(Arc::clone(addresses.entry(network).or_insert_with(new))).place()
            }
        }
    }

    /// Connections at this moment.
    pub(crate) fn n_all(&self) -> usize {
        self.n_all.load(Ordering::Relaxed)
    }
}

impl Origin {
    /// Counts one more from here: a WebSocket is one, since HTTP is done with a connection that it
    /// has handed on.
    pub(crate) fn place(&self) -> Place {
        self.0.n.fetch_add(1, Ordering::Relaxed);
        if let Some(places) = self.0.places.upgrade() {
            places.n_all.fetch_add(1, Ordering::Relaxed);
        }
        Place(Arc::clone(&self.0))
    }
}

impl Place {
    pub(crate) fn origin(&self) -> Origin {
        Origin(Arc::clone(&self.0))
    }

    /// Connections of its address at this moment, if it counts for one.
    pub(crate) fn n_of_address(&self) -> Option<usize> {
        self.0.network.map(|_network| self.0.n.load(Ordering::Relaxed))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let is_last = self.0.n.fetch_sub(1, Ordering::Relaxed) == 1;
        let Some(places) = self.0.places.upgrade() else { return };
        places.n_all.fetch_sub(1, Ordering::Relaxed);
        if let (true, Some(network)) = (is_last, self.0.network) {
            let mut addresses = places.addresses.lock();
            // Another connection may have come from there meanwhile.
            let is_it = |kept: &Arc<Address>| {
                Arc::ptr_eq(kept, &self.0) && kept.n.load(Ordering::Relaxed) == 0
            };
            if addresses.get(&network).is_some_and(is_it) {
                addresses.remove(&network);
            }
        }
    }
}

/// What one household or one attacker has of addresses: one of IPv4, a /64 of IPv6.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<IpAddr> {
        Some(network(text.parse().unwrap()))
    }

    #[test]
    fn connections_are_counted_by_address_and_in_all_and_nothing_is_left() {
        let places = Arc::new(Places::default());
        let one = places.take(at("192.0.2.1"));
        let other = places.take(at("192.0.2.2"));
        let household = [places.take(at("2001:db8::1")), places.take(at("2001:db8::2:1"))];
        let apart = [places.take(None), places.take(None)];
        assert_eq!((one.n_of_address(), other.n_of_address()), (Some(1), Some(1)));
        assert_eq!((household[1].n_of_address(), apart[1].n_of_address()), (Some(2), None));
        let handed_on = one.origin().place();
        assert_eq!((handed_on.n_of_address(), places.n_all()), (Some(2), 7));
        drop(one);
        assert_eq!((handed_on.n_of_address(), places.n_all()), (Some(1), 6));
        drop((handed_on, other, household, apart));
        assert_eq!(places.n_all(), 0);
        assert!(places.addresses.lock().is_empty(), "addresses that left are forgotten");
    }
}
