//! Token buckets: how often a user may ask.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use voodoo_proto::UserId;
use voodoo_proto::limits::{Rate, Rates};

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
        let gained = now.saturating_duration_since(level.at).as_secs_f64() * rate.per_s;
        level.tokens = (level.tokens + gained).min(rate.burst.max(1.0));
        level.at = now;
        if level.tokens >= 1.0 {
            level.tokens -= 1.0;
            return Ok(());
        }
        Err(wait_ms((1.0 - level.tokens) / rate.per_s))
    }
}

/// Users without a session whose buckets are kept, at most.
const MAX_RESTING: usize = 1 << 16;
/// After so long without a session all buckets are about full again.
const REST: Duration = Duration::from_secs(60);

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
        if buckets.0.lock().is_none() {
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
    fn a_rate_of_zero_is_no_limit() {
        let rates = Rates { send: Rate { per_s: 0.0, burst: 0.0 }, ..Rates::default() };
        let (buckets, now) = (Buckets::default(), Instant::now());
        assert!((0..1_000).all(|_| buckets.take(Bucket::Send, &rates, now).is_ok()));
    }
}
