//! Token buckets: how often a user may ask.

use parking_lot::Mutex;
use tokio::time::Instant;
use voodoo_proto::limits::{Rate, Rates};

/// What a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bucket {
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
    use std::time::Duration;

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
    fn a_rate_of_zero_is_no_limit() {
        let rates = Rates { send: Rate { per_s: 0.0, burst: 0.0 }, ..Rates::default() };
        let (buckets, now) = (Buckets::default(), Instant::now());
        assert!((0..1_000).all(|_| buckets.take(Bucket::Send, &rates, now).is_ok()));
    }
}
