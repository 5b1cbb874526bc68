//! What the process counts of itself: plain atomics, cheap enough for every message.
//!
//! There is one tally for the process, as there is one process to be watched. Who writes it out
//! stands elsewhere, and no count knows of a user or a conversation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use voodoo_proto::{CloseCode, RefusalCode};

/// The tally of this process.
pub static TALLY: Tally = Tally::new();

/// Bounds of times, in microseconds.
const TIME_BOUNDS_US: &[u64] = &[
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];
/// Bounds of numbers of rows.
const ROW_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];
const MAX_BOUNDS: usize = 15;

/// By which rule somebody was asked to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
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
    /// Requests in flight.
    InFlight,
    /// Tickets, bots and invites to the server.
    Door,
    /// Guesses of passwords and secrets.
    Attempts,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 8] = [
        Self::Send,
        Self::React,
        Self::History,
        Self::Create,
        Self::Join,
        Self::InFlight,
        Self::Door,
        Self::Attempts,
    ];

    /// How it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::React => "react",
            Self::History => "history",
            Self::Create => "create",
            Self::Join => "join",
            Self::InFlight => "in_flight",
            Self::Door => "door",
            Self::Attempts => "attempts",
        }
    }
}

/// A count of each of a fixed set of things.
pub struct Counts<const N: usize>([AtomicU64; N]);

impl<const N: usize> Counts<N> {
    const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; N])
    }

    fn add<T: PartialEq>(&self, all: &[T; N], one: &T) {
        if let Some(at) = all.iter().position(|other| other == one) {
            self.0[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each count, in the order of the set.
    pub fn get(&self) -> [u64; N] {
        std::array::from_fn(|at| self.0[at].load(Ordering::Relaxed))
    }
}

/// How a number was spread.
pub struct Spread {
    bounds: &'static [u64],
    /// Up to each bound and above the one before; the last one is for what is above all.
    counts: [AtomicU64; MAX_BOUNDS + 1],
    sum: AtomicU64,
}

impl Spread {
    const fn new(bounds: &'static [u64]) -> Self {
        assert!(bounds.len() <= MAX_BOUNDS, "there is a count for each bound");
        let counts = [const { AtomicU64::new(0) }; MAX_BOUNDS + 1];
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// Notes a number.
    pub fn note(&self, number: u64) {
        let at = self.bounds.partition_point(|bound| *bound < number);
        self.counts[at].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// Notes a time in microseconds.
    pub fn note_time(&self, time: Duration) {
        self.note(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// How many numbers lie up to each bound and above the one before; `None` = above all bounds.
    pub fn counts(&self) -> Vec<(Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        bounds.zip(&self.counts).map(|(bound, n)| (bound, n.load(Ordering::Relaxed))).collect()
    }

    /// The sum of all numbers.
    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }
}

/// What the process counts of itself.
pub struct Tally {
    /// Messages that were committed.
    pub messages: AtomicU64,
    /// Frames that break RFC 6455, or that the decoder does not take for a request.
    pub malformed_frames: AtomicU64,
    /// From the arrival of a message at its shard to its acknowledgement, in microseconds.
    pub ack_us: Spread,
    /// Commits of the store, in microseconds.
    pub commit_us: Spread,
    /// Writes that one commit took.
    pub batch_rows: Spread,
    refusals: Counts<{ RefusalCode::ALL.len() }>,
    closes: Counts<{ CloseCode::ALL.len() }>,
    rate_limited: Counts<{ Rule::ALL.len() }>,
}

impl Tally {
    const fn new() -> Self {
        Self {
            messages: AtomicU64::new(0),
            malformed_frames: AtomicU64::new(0),
            ack_us: Spread::new(TIME_BOUNDS_US),
            commit_us: Spread::new(TIME_BOUNDS_US),
            batch_rows: Spread::new(ROW_BOUNDS),
            refusals: Counts::new(),
            closes: Counts::new(),
            rate_limited: Counts::new(),
        }
    }

    /// A frame made no sense.
    pub fn malformed(&self) {
        self.malformed_frames.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was refused.
    pub fn refused(&self, code: RefusalCode) {
        self.refusals.add(&RefusalCode::ALL, &code);
    }

    /// A socket was closed.
    pub fn closed(&self, code: CloseCode) {
        self.closes.add(&CloseCode::ALL, &code);
    }

    /// Somebody was asked to wait.
    pub fn rate_limited(&self, rule: Rule) {
        self.rate_limited.add(&Rule::ALL, &rule);
    }

    /// Refusals so far, by code.
    pub fn refusals(&self) -> impl Iterator<Item = (RefusalCode, u64)> {
        RefusalCode::ALL.into_iter().zip(self.refusals.get())
    }

    /// Sockets closed so far, by code.
    pub fn closes(&self) -> impl Iterator<Item = (CloseCode, u64)> {
        CloseCode::ALL.into_iter().zip(self.closes.get())
    }

    /// Requests told to wait so far, by rule.
    pub fn waits(&self) -> impl Iterator<Item = (Rule, u64)> {
        Rule::ALL.into_iter().zip(self.rate_limited.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_counted_up_to_its_bound() {
        let spread = Spread::new(&[10, 20]);
        for number in [0, 10, 11, 20, 21, 999] {
            spread.note(number);
        }
        assert_eq!(spread.counts()[..2], [(Some(10), 2), (Some(20), 2)]);
        assert_eq!(spread.counts()[2], (None, 2));
        assert_eq!(spread.sum(), 1_061);
    }

    #[test]
    fn every_code_and_rule_has_its_count() {
        let tally = Tally::new();
        RefusalCode::ALL.into_iter().for_each(|code| tally.refused(code));
        CloseCode::ALL.into_iter().for_each(|code| tally.closed(code));
        Rule::ALL.into_iter().for_each(|rule| tally.rate_limited(rule));
        assert!(tally.refusals().all(|(_, n)| n == 1));
        assert!(tally.closes().all(|(_, n)| n == 1));
        assert!(tally.waits().all(|(_, n)| n == 1));
    }
}
