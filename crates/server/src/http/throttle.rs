//! How often a user may ask for what has no bucket on the socket: tickets, invites and bots.
//!
//! In a table of a fixed size. Who shares a slot shares its bucket; the hash is keyed, so that
//! nobody can choose to.

use std::hash::{BuildHasher as _, RandomState};

use parking_lot::Mutex;
use tokio::time::Instant;
use voodoo_core::Refusal;
use voodoo_core::tally::{Rule, TALLY};
use voodoo_proto::limits::Rate;
use voodoo_proto::{RefusalCode, UserId};

/// Slots of the table: 256 KiB, of which the kernel gives what is touched.
const N_SLOTS: usize = 1 << 14;

/// Token buckets of users.
pub(crate) struct Throttle {
    rate: Rate,
    began: Instant,
    key: RandomState,
    slots: Mutex<Vec<Slot>>,
}

/// How many tokens were used and not given back yet, and when that was so.
#[derive(Clone, Copy, Default)]
struct Slot {
    used: f64,
    at_s: f64,
}

impl Throttle {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            began: Instant::now(),
            key: RandomState::new(),
            slots: Mutex::new(vec![Slot::default(); N_SLOTS]),
        }
    }

    /// Takes a token of a user.
    ///
    /// # Errors
    ///
    /// `rate_limited` if there is none.
    pub(crate) fn take(&self, user: UserId) -> Result<(), Refusal> {
        let Rate { per_s, burst } = self.rate;
        if per_s <= 0.0 {
            return Ok(());
        }
        let now_s = self.began.elapsed().as_secs_f64();
        let index = usize::try_from(self.key.hash_one(user) % N_SLOTS as u64).unwrap_or(0);
        let slot = &mut self.slots.lock()[index];
        let used = (slot.used - (now_s - slot.at_s) * per_s).max(0.0);
        let over = used + 1.0 - burst.max(1.0);
        if over > 0.0 {
            TALLY.rate_limited(Rule::Door);
            let words = "more of this than the rate allows";
            let refusal = Refusal::new(RefusalCode::RateLimited, words);
            return Err(refusal.after_ms(millis(over / per_s)));
        }
        *slot = Slot { used: used + 1.0, at_s: now_s };
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps a float to the range, and that is what is wanted"
)]
fn millis(seconds: f64) -> u64 {
    (seconds * 1_000.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_user_has_a_burst_and_then_the_rate() {
        let throttle = Throttle::new(Rate { per_s: 2.0, burst: 3.0 });
        let (ann, bo) = (UserId::new(1).unwrap(), UserId::new(2).unwrap());
        for _ in 0..3 {
            throttle.take(ann).unwrap();
        }
        let refusal = throttle.take(ann).unwrap_err();
        assert_eq!((refusal.code, refusal.retry_after_ms), (RefusalCode::RateLimited, Some(500)));
        throttle.take(bo).unwrap();
        tokio::time::advance(Duration::from_millis(500)).await;
        throttle.take(ann).unwrap();
        assert!(throttle.take(ann).is_err());
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(
            (0..9).filter(|_| throttle.take(ann).is_ok()).count(),
            3,
            "no more than a burst"
        );
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let throttle = Throttle::new(Rate { per_s: 0.0, burst: 0.0 });
        assert!((0..1_000).all(|_| throttle.take(UserId::new(1).unwrap()).is_ok()));
    }
}
