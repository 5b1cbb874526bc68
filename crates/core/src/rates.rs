//! Token buckets: how often a user and an address may ask, and when asking on is a flood.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use voodoo_proto::UserId;
use voodoo_proto::limits::{Rate, Rates};

use crate::sync::Mutex;
use crate::tally::{Rule, TALLY};

/// What a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// Messages and changes of them.
    Send,
    /// Reactions.
    React,
    /// Pages.
    History,
    /// Conversations and invites.
    Create,
    /// Joining.
    Join,
}

const N_BUCKETS: usize = 5;

impl Bucket {
    fn rate(self, rates: &Rates) -> Rate {
        match self {
            Self::Send => rates.send,
            Self::React => rates.react,
            Self::History => rates.history,
            Self::Create => rates.create,
            Self::Join => rates.join,
        }
    }

    fn rule(self) -> Rule {
        match self {
            Self::Send => Rule::Send,
            Self::React => Rule::React,
            Self::History => Rule::History,
            Self::Create => Rule::Create,
            Self::Join => Rule::Join,
        }
    }

    fn index(self) -> usize {
        match self {
            Self::Send => 0,
            Self::React => 1,
            Self::History => 2,
            Self::Create => 3,
            Self::Join => 4,
        }
    }
}

/// The buckets of one user, made when first used.
#[derive(Default)]
pub(crate) struct Buckets(Mutex<Option<Box<[Level; N_BUCKETS]>>>);

#[derive(Clone, Copy)]
struct Level {
    tokens: f64,
    at: Instant,
}

impl Buckets {
    /// Takes one token; `Err` says after how many milliseconds there is one.
    pub(crate) fn take(&self, bucket: Bucket, rates: &Rates, now: Instant) -> Result<(), u64> {
        let rate = bucket.rate(rates);
        if rate.per_s <= 0.0 {
            return Ok(());
        }
        let mut levels = self.0.lock();
        let full = |bucket: Bucket| Level { tokens: bucket.rate(rates).burst, at: now };
        let levels = levels.get_or_insert_with(|| {
            Box::new(
                [Bucket::Send, Bucket::React, Bucket::History, Bucket::Create, Bucket::Join]
                    .map(full),
            )
        });
        let level = &mut levels[bucket.index()];
        if level.take(rate, now) {
            return Ok(());
        }
        TALLY.rate_limited(bucket.rule());
        Err(wait_ms((1.0 - level.tokens) / rate.per_s))
    }
}

impl Level {
    fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * rate.per_s;
        self.tokens = (self.tokens + gained).min(rate.burst.max(1.0));
        self.at = now;
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

/// What is asked of a connection beyond the rates of its user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flood {
    /// Refusals for asking too often or malformed that a connection may bring upon itself before
    /// it is closed.
    pub refusals: Rate,
    /// Frames of one connection that have no reply, or need no store for it; more are dropped, and
    /// each counts as a refusal.
    pub unanswered: Rate,
    /// All users of one address together may ask so many times as often as one user.
    pub users_per_address: f64,
}

impl Default for Flood {
    fn default() -> Self {
        Self {
            refusals: Rate { per_s: 1.0, burst: 100.0 },
            unanswered: Rate { per_s: 20.0, burst: 200.0 },
            users_per_address: 50.0,
        }
    }
}

/// One bucket of one connection, made when first used.
#[derive(Default)]
pub(crate) struct OwnBucket(Option<Box<Level>>);

impl OwnBucket {
    /// Takes one token, if there is one.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let full = || Box::new(Level { tokens: rate.burst, at: now });
        rate.per_s <= 0.0 || self.0.get_or_insert_with(full).take(rate, now)
    }
}

/// Places in the table of addresses.
const N_PLACES: usize = 1 << 13;

/// The buckets of addresses, in a table of a fixed size. Who shares a place shares its buckets; the
/// hash is keyed, so that nobody can choose to.
pub(crate) struct AddressBuckets {
    key: RandomState,
    places: Vec<Buckets>,
    factor: f64,
}

/// Where the buckets of an address are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u16);

impl AddressBuckets {
    pub(crate) fn new(flood: &Flood) -> Self {
        let places = std::iter::repeat_with(Buckets::default).take(N_PLACES).collect();
        Self { key: RandomState::new(), places, factor: flood.users_per_address.max(1.0) }
    }

    /// Of IPv6, one /64 counts as one address: whoever has one has all of it.
    pub(crate) fn place(&self, address: IpAddr) -> Place {
        let hash = match address.to_canonical() {
            IpAddr::V4(v4) => self.key.hash_one(v4),
            IpAddr::V6(v6) => self.key.hash_one(v6.to_bits() >> 64),
        };
        Place(u16::try_from(hash % N_PLACES as u64).unwrap_or(0))
    }

    /// Takes one token; `Err` says after how many milliseconds there is one.
    pub(crate) fn take(
        &self,
        place: Place,
        bucket: Bucket,
        rates: &Rates,
        now: Instant,
    ) -> Result<(), u64> {
        let wider = |rate: Rate| Rate {
            per_s: rate.per_s * self.factor,
            burst: rate.burst.max(1.0) * self.factor,
        };
        let rates = Rates {
            send: wider(rates.send),
            react: wider(rates.react),
            history: wider(rates.history),
            search: wider(rates.search),
            create: wider(rates.create),
            join: wider(rates.join),
        };
        self.places[usize::from(place.0)].take(bucket, &rates, now)
    }
}

/// Users without a session whose buckets are kept, at most.
const MAX_RESTING: usize = 1 << 16;
/// After so long without a session all buckets are about full again.
const REST: Duration = Duration::from_secs(60);

/// Who holds the buckets of a user whose last session leaves: that session, and whoever puts them.
const N_LEAVING: usize = 2;

/// The buckets of users without a session: leaving and coming back fills none.
#[derive(Default)]
pub(crate) struct Resting(Mutex<HashMap<UserId, (Arc<Buckets>, Instant)>>);

impl Resting {
    /// Takes a user's buckets, to be shared by the sessions that begin.
    pub(crate) fn take(&self, user: UserId) -> Arc<Buckets> {
        self.0.lock().remove(&user).map_or_else(Arc::default, |(buckets, _)| buckets)
    }

    /// The buckets of a user who asks without a session.
    pub(crate) fn share(&self, user: UserId, now: Instant) -> Arc<Buckets> {
        let mut resting = self.0.lock();
        make_room(&mut resting, now);
        let (buckets, at) = resting.entry(user).or_insert_with(|| (Arc::default(), now));
        *at = now;
        Arc::clone(buckets)
    }

    /// Keeps what the last session of a user leaves.
    pub(crate) fn put(&self, user: UserId, buckets: Arc<Buckets>, now: Instant) {
        // Full, unless somebody who holds it too is about to take from it.
        let is_shared = Arc::strong_count(&buckets) > N_LEAVING;
        if !is_shared && buckets.0.lock().is_none() {
            return;
        }
        let mut resting = self.0.lock();
        make_room(&mut resting, now);
        resting.insert(user, (buckets, now));
    }
}

/// When too many rest, those that are full go; if those are few, all go: a bucket that is full too
/// early does less harm than memory without bound.
fn make_room(resting: &mut HashMap<UserId, (Arc<Buckets>, Instant)>, now: Instant) {
    if resting.len() < MAX_RESTING {
        return;
    }
    resting.retain(|_, (_, at)| now.saturating_duration_since(*at) < REST);
    if resting.len() > MAX_RESTING / 2 {
        resting.clear();
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps a float to the range, and that is what is wanted"
)]
fn wait_ms(seconds: f64) -> u64 {
    (seconds * 1_000.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let rates = Rates { send: Rate { per_s: 10.0, burst: 3.0 }, ..Rates::default() };
        let (buckets, start) = (Buckets::default(), Instant::now());
        for _ in 0..3 {
            assert_eq!(buckets.take(Bucket::Send, &rates, start), Ok(()));
        }
        assert_eq!(buckets.take(Bucket::Send, &rates, start), Err(100));
        assert_eq!(buckets.take(Bucket::History, &rates, start), Ok(()), "each has its own");
        let later = start + Duration::from_millis(100);
        assert_eq!(buckets.take(Bucket::Send, &rates, later), Ok(()));
        assert_eq!(buckets.take(Bucket::Send, &rates, later), Err(100));
    }

    #[test]
    fn leaving_and_coming_back_fills_no_bucket() {
        let rates = Rates { send: Rate { per_s: 1.0, burst: 1.0 }, ..Rates::default() };
        let (resting, now) = (Resting::default(), Instant::now());
        let user = UserId::new(7).unwrap();
        let buckets = resting.take(user);
        assert_eq!(buckets.take(Bucket::Send, &rates, now), Ok(()));
        resting.put(user, buckets, now);
        assert_eq!(resting.share(user, now).take(Bucket::Send, &rates, now), Err(1_000));
        assert_eq!(resting.take(user).take(Bucket::Send, &rates, now), Err(1_000));
    }

    #[test]
    fn buckets_at_rest_are_bounded() {
        let (resting, now) = (Resting::default(), Instant::now());
        for number in 1..=100_000 {
            resting.share(UserId::new(number).unwrap(), now);
        }
        assert!(resting.0.lock().len() <= MAX_RESTING);
    }

    #[test]
    fn an_address_has_a_bucket_of_its_own_and_a_network_counts_as_one() {
        let rates = Rates { send: Rate { per_s: 1.0, burst: 2.0 }, ..Rates::default() };
        let flood = Flood { users_per_address: 3.0, ..Flood::default() };
        let (addresses, now) = (AddressBuckets::new(&flood), Instant::now());
        let place = |text: &str| addresses.place(text.parse().unwrap());
        assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:1"));
        assert_eq!(place("::ffff:192.0.2.1"), place("192.0.2.1"));
        let one = place("192.0.2.1");
        for _ in 0..6 {
            assert_eq!(addresses.take(one, Bucket::Send, &rates, now), Ok(()));
        }
        assert_eq!(addresses.take(one, Bucket::Send, &rates, now), Err(334));
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let rates = Rates { send: Rate { per_s: 0.0, burst: 0.0 }, ..Rates::default() };
        let (buckets, now) = (Buckets::default(), Instant::now());
        assert!((0..1_000).all(|_| buckets.take(Bucket::Send, &rates, now).is_ok()));
    }
}
