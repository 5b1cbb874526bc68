//! Time of day, as a port: tests own it.

use std::time::Duration;

use crate::sync::Mutex;

/// Tells the time of day. Order never depends on it; it may jump.
pub trait Clock: Send + Sync + 'static {
    /// Unix milliseconds.
    fn now_ms(&self) -> u64;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    fn now_ms(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now_ms = since.map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        now_ms.saturating_add_signed(crate::fail_point::clock_ahead_ms())
    }
}

/// What a clock may differ from the time that went by and is followed at once.
const TOLERANCE_MS: u64 = 5 * 60 * 1_000;

/// A clock that is not believed when it leaps.
///
/// Up to five minutes are followed at once, forward and back. A longer leap is followed only once
/// it has stayed for the time to settle; until then the time is what it was before, and what went
/// by. So a leap logs nobody out and removes nothing that is put right in that time. A time that
/// was believed for less than that gives way as soon: a machine without a clock of its own is put
/// right by the network soon after its start.
pub struct SteadyClock<C> {
    clock: C,
    went_by_ms: fn() -> u64,
    belief: Mutex<Belief>,
}

impl<C: Clock> SteadyClock<C> {
    /// Believes what the clock says now. What went by comes from a clock that nobody sets and that
    /// goes on while the machine sleeps, in milliseconds since any moment.
    pub fn new(clock: C, went_by_ms: fn() -> u64, settle: Duration) -> Self {
        let settle_ms = u64::try_from(settle.as_millis()).unwrap_or(u64::MAX);
        let belief = Belief::begin(clock.now_ms(), went_by_ms(), settle_ms);
        Self { clock, went_by_ms, belief: Mutex::new(belief) }
    }
}

impl<C: Clock> Clock for SteadyClock<C> {
    fn now_ms(&self) -> u64 {
        let mut belief = self.belief.lock();
        belief.hear(self.clock.now_ms(), (self.went_by_ms)())
    }
}

/// What time it was when the clock was last believed.
struct Belief {
    day_ms: u64,
    up_ms: u64,
    /// Since when it is believed without a leap.
    since_up_ms: u64,
    leap: Option<Leap>,
    settle_ms: u64,
}

/// A clock that says something else than what went by.
#[derive(Clone, Copy)]
struct Leap {
    ahead_ms: i128,
    since_up_ms: u64,
}

impl Belief {
    fn begin(day_ms: u64, up_ms: u64, settle_ms: u64) -> Self {
        Self { day_ms, up_ms, since_up_ms: up_ms, leap: None, settle_ms }
    }

    /// Hears what both clocks say, and says what time it is.
    fn hear(&mut self, day_ms: u64, up_ms: u64) -> u64 {
        let expected_ms = self.day_ms.saturating_add(up_ms.saturating_sub(self.up_ms));
        let ahead_ms = i128::from(day_ms) - i128::from(expected_ms);
        if is_far(ahead_ms) {
            let known = self.leap.filter(|leap| !is_far(leap.ahead_ms - ahead_ms));
            let leap = known.unwrap_or(Leap { ahead_ms, since_up_ms: up_ms });
            let believed_ms = leap.since_up_ms.saturating_sub(self.since_up_ms);
            let wait_ms = self.settle_ms.min(believed_ms);
            if known.is_none() {
                tracing::warn!(day_ms, expected_ms, wait_ms, "the clock leapt and is not followed");
            }
            self.leap = Some(leap);
            if up_ms.saturating_sub(leap.since_up_ms) < wait_ms {
                return expected_ms;
            }
            tracing::warn!(day_ms, expected_ms, "the clock stayed where it leapt and is followed");
            self.since_up_ms = up_ms;
        }
        (self.day_ms, self.up_ms, self.leap) = (day_ms, up_ms, None);
        day_ms
    }
}

fn is_far(apart_ms: i128) -> bool {
    apart_ms.unsigned_abs() > u128::from(TOLERANCE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60 * 1_000;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const BEGIN: u64 = 20_000 * DAY;

    /// Believed for ten hours.
    fn belief() -> Belief {
        let mut belief = Belief::begin(BEGIN, 0, HOUR);
        assert_eq!(belief.hear(BEGIN + 10 * HOUR, 10 * HOUR), BEGIN + 10 * HOUR);
        belief
    }

    #[test]
    fn small_steps_are_followed_at_once_in_both_directions() {
        let mut belief = belief();
        let up = 10 * HOUR;
        for (past, day) in [(1, 4 * MINUTE), (2, 2), (10 * MINUTE, 14 * MINUTE), (HOUR, HOUR)] {
            assert_eq!(belief.hear(BEGIN + up + day, up + past), BEGIN + up + day);
        }
    }

    #[test]
    fn a_leap_is_not_followed_unless_it_stays() {
        for ahead in [DAY.cast_signed(), -DAY.cast_signed(), 3_650 * DAY.cast_signed()] {
            let mut belief = belief();
            let right = |past: u64| (BEGIN + 10 * HOUR + past, 10 * HOUR + past);
            let mut hear = |past: u64, ahead: i64| {
                let (day, up) = right(past);
                let heard = belief.hear(day.saturating_add_signed(ahead), up);
                i128::from(heard) - i128::from(day)
            };
            assert_eq!(hear(MINUTE, ahead), 0, "not at once");
            assert_eq!(hear(HOUR, ahead), 0, "not within the hour");
            assert_eq!(hear(HOUR + 1, 0), 0, "put right");
            assert_eq!(hear(2 * HOUR, ahead), 0, "it counts anew");
            assert_eq!(hear(3 * HOUR - 1, 2 * ahead), 0, "and for each place anew");
            assert_eq!(hear(4 * HOUR - 2, 2 * ahead), 0);
            assert_eq!(hear(4 * HOUR - 1, 2 * ahead), 2 * i128::from(ahead), "it stayed");
            assert_eq!(hear(4 * HOUR, 2 * ahead), 2 * i128::from(ahead));
            assert_eq!(hear(4 * HOUR + 1, 0), 2 * i128::from(ahead), "the way back is one too");
            assert_eq!(hear(4 * HOUR + 3, 0), 0, "for as long as it was believed");
        }
    }

    #[test]
    fn what_was_believed_for_short_gives_way_as_soon() {
        let mut belief = Belief::begin(0, 500, HOUR);
        assert_eq!(belief.hear(30_000, 30_500), 30_000);
        assert_eq!(belief.hear(BEGIN, 30_500), 30_000);
        assert_eq!(belief.hear(BEGIN + 29_999, 60_499), 59_999);
        assert_eq!(belief.hear(BEGIN + 30_000, 60_500), BEGIN + 30_000);
    }

    #[test]
    fn a_clock_that_runs_too_fast_is_followed() {
        let mut belief = belief();
        for minute in 1..1_000 {
            let (day, up) = (BEGIN + 10 * HOUR + minute * 2 * MINUTE, 10 * HOUR + minute * MINUTE);
            assert_eq!(belief.hear(day, up), day);
        }
    }

    #[test]
    fn no_time_is_too_far() {
        let mut belief = Belief::begin(u64::MAX, 0, HOUR);
        assert_eq!(belief.hear(0, u64::MAX), u64::MAX);
        assert_eq!(belief.hear(u64::MAX, u64::MAX), u64::MAX);
    }
}
