//! What the operator decides of the running server; every timer can go down to 50 ms.

use std::time::Duration;

use crate::apply::Rules;
use crate::fan_out::FanOut;
use crate::outbox::OutboxLimits;
use crate::rates::Flood;
use crate::retention::Terms;

/// What the operator decides of the running server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What may be sent, and who may do what.
    pub rules: Rules,
    /// How much an outbox takes.
    pub outbox: OutboxLimits,
    /// How events for many are handed out.
    pub fan_out: FanOut,
    /// Told in `welcome`: clients ping when idle for this long.
    pub heartbeat: Duration,
    /// A session that says nothing for this long is closed.
    pub silence: Duration,
    /// A session that has not said `hello` by then is closed.
    pub hello: Duration,
    /// A session whose socket takes nothing for this long is closed.
    pub not_writable: Duration,
    /// Read marks are stored and told this much later, at most.
    pub read_flush: Duration,
    /// Presence is told in batches this far apart.
    pub presence_batch: Duration,
    /// Whoever leaves is shown as offline only after this long.
    pub offline_delay: Duration,
    /// For this long after the start, whoever is not back yet is unknown.
    pub presence_silence: Duration,
    /// Signs of writing of one session in one conversation are this far apart, at least.
    pub typing_pause: Duration,
    /// A request that the store does not answer by then is refused with `timeout`.
    pub request: Duration,
    /// Told in `welcome`: a reconnect is spread over live sessions divided by this.
    pub admissions_per_s: u32,
    /// When what goes.
    pub retention: Terms,
    /// What is asked of a connection beyond the rates of its user.
    pub flood: Flood,
    /// Version of the program, told in `welcome`.
    pub version: &'static str,
    /// Tasks that conversations are split over.
    pub n_shards: usize,
    /// In large groups, reactions to one message, and joins and leaves, of this time are one change.
    pub gather: Duration,
    /// Writes that wait for one shard, at most; more are refused with `unavailable`.
    pub shard_mailbox: usize,
    /// Read marks that wait to be stored, at most; more are dropped, and clients repeat them.
    pub n_pending_marks: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            outbox: OutboxLimits::default(),
            fan_out: FanOut::default(),
            heartbeat: Duration::from_secs(40),
            silence: Duration::from_secs(100),
            hello: Duration::from_secs(5),
            not_writable: Duration::from_secs(30),
            read_flush: Duration::from_millis(500),
            presence_batch: Duration::from_secs(2),
            offline_delay: Duration::from_secs(15),
            presence_silence: Duration::from_secs(60),
            typing_pause: Duration::from_millis(2_800),
            request: Duration::from_secs(10),
            admissions_per_s: 2_000,
            retention: Terms::default(),
            flood: Flood::default(),
            version: env!("CARGO_PKG_VERSION"),
            n_shards: 16,
            gather: Duration::from_millis(1_000),
            shard_mailbox: 4_096,
            n_pending_marks: 200_000,
        }
    }
}
