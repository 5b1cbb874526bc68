//! What a client has of a conversation, and what it misses.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

/// A hole is filled by a question once it has stood so long.
const HOLE: Duration = Duration::from_millis(200);

/// Where a client stands in a conversation.
#[derive(Debug, Default)]
pub(super) struct Follow {
    /// Everything up to here has been seen.
    pub(super) have: u64,
    /// What came from beyond a hole.
    held: BTreeSet<u64>,
    /// What there is, as far as it was told.
    there: u64,
    /// Since when something is missing.
    hole_since: Option<Instant>,
    /// The rest was asked for.
    pub(super) is_asking: bool,
}

impl Follow {
    /// A change was seen.
    pub(super) fn note(&mut self, rev: u64) {
        if rev > self.have {
            self.held.insert(rev);
        }
        self.reach(0);
    }

    /// Something is there that was not seen yet.
    pub(super) fn is_told(&mut self, rev: u64) {
        self.there = self.there.max(rev);
        self.reach(0);
    }

    /// Everything up to here was seen.
    pub(super) fn reach(&mut self, rev: u64) {
        self.have = self.have.max(rev);
        while let Some(first) = self.held.first().copied().filter(|first| *first <= self.have + 1) {
            self.have = self.have.max(first);
            self.held.pop_first();
        }
        if self.held.is_empty() && self.have >= self.there {
            self.hole_since = None;
        } else {
            self.hole_since.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn wants(&self) -> bool {
        !self.is_asking && self.hole_since.is_some_and(|since| since.elapsed() > HOLE)
    }
}
