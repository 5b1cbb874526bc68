//! What a seed decides before anything happens, and which promise is broken on purpose.

use std::time::Duration;

use voodoo_core::Settings;
use voodoo_core::apply::{MayBroadcast, Rules};
use voodoo_core::fan_out::FanOut;
use voodoo_core::outbox::OutboxLimits;
use voodoo_proto::limits::{Limits, Rate, Rates};

use super::chance::Chance;

/// A promise that is broken on purpose, to show that the checks see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Breakage {
    /// None.
    #[default]
    None,
    /// The store forgets the name of every message: a repeat is another message.
    ForgottenClientIds,
    /// Some messages are acknowledged and not kept.
    AckWithoutCommit,
    /// Every event about some message is swallowed, and no repair brings it.
    SwallowedEvents,
    /// A client counts some events as applied and does not apply them.
    SteppedOver,
    /// Who was removed goes on hearing.
    SwallowedExits,
    /// The bus lets a later event overtake an earlier one.
    Overtaking,
}

/// How bad the world is.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) breakage: Breakage,
    pub(super) n_users: u64,
    pub(super) n_rounds: u64,
    pub(super) n_acts: u64,
    /// Hints that the bus loses, of a thousand. Without any, and without other losses that only
    /// the digest can find, no client may ever need it.
    pub(super) lost_hints: u64,
    /// Hints that it holds back, of a thousand.
    pub(super) late_hints: u64,
    /// How long a reading or commit takes at most, before and after.
    pub(super) store_ms: u64,
    /// Calls of the store that fail, of a thousand.
    pub(super) store_faults: u64,
    /// Acts that are a fault of the network, of a thousand.
    pub(super) line_faults: u64,
    /// How long a frame is on its way, at most.
    pub(super) latency_ms: u64,
    /// Slow readers exist.
    pub(super) has_slow_readers: bool,
    /// The time of day jumps.
    pub(super) has_clock_jumps: bool,
    /// The server is killed and started again.
    pub(super) has_restarts: bool,
    /// The last user is a program.
    pub(super) has_bot: bool,
    pub(super) settings: Settings,
}

impl Plan {
    pub(super) fn draw(chance: &mut Chance, breakage: Breakage) -> Self {
        let is_lossless = breakage == Breakage::None && chance.is(400);
        let is_mild = chance.is(300);
        Self {
            breakage,
            n_users: chance.range(3, 6),
            n_rounds: chance.range(1, 3),
            n_acts: chance.range(30, 90),
            lost_hints: if is_lossless { 0 } else { chance.pick(&[20, 100, 300]).unwrap() },
            late_hints: chance.pick(&[0, 50, 300]).unwrap(),
            store_ms: chance.pick(&[0, 2, 20, 120]).unwrap(),
            store_faults: if is_lossless { 0 } else { chance.pick(&[0, 0, 20]).unwrap() },
            line_faults: if is_mild { 10 } else { chance.pick(&[40, 120]).unwrap() },
            latency_ms: chance.pick(&[0, 5, 60, 400]).unwrap(),
            has_slow_readers: chance.is(500),
            has_clock_jumps: !is_lossless && chance.is(200),
            has_restarts: chance.is(300),
            has_bot: chance.is(300),
            settings: settings(chance),
        }
    }

    /// Nothing is lost that only the digest can find.
    pub(super) fn is_lossless(&self) -> bool {
        self.lost_hints == 0
            && self.store_faults == 0
            && !self.has_clock_jumps
            && self.breakage == Breakage::None
    }
}

fn settings(chance: &mut Chance) -> Settings {
    let off = Rate { per_s: 0.0, burst: 0.0 };
    let none = Rates { send: off, react: off, history: off, search: off, create: off, join: off };
    let rates = if chance.is(250) { Rates::default() } else { none };
    let calm_bytes = chance.pick(&[300, 1_000, 4_000, 64 * 1024]).unwrap();
    let outbox = OutboxLimits {
        calm_bytes,
        full_bytes: calm_bytes * 4,
        reply_bytes: calm_bytes.max(8_000) * 8,
    };
    // A conversation of more members than this is large: its reactions have no author.
    let small_conversation = chance.pick(&[2, 200, 200]).unwrap();
    // Every event goes out in slices, or none does.
    let fan_out = match chance.is(300) {
        true => {
            FanOut { inline_sessions: 0, slice_sessions: chance.index(3) + 1, queue_bytes: 500 }
        }
        false => FanOut::default(),
    };
    Settings {
        fan_out,
        rules: Rules {
            limits: Limits { rates, small_conversation, ..Limits::default() },
            may_broadcast: MayBroadcast::All,
            is_sign_up_open: chance.is(500),
            ..Rules::default()
        },
        outbox,
        // Sessions end by the network alone; heartbeats are the socket's matter.
        silence: Duration::from_secs(1_000_000),
        not_writable: Duration::from_secs(1_000_000),
        read_flush: chance.ms(50, 500),
        gather: chance.ms(50, 500),
        request: chance.pick(&[Duration::from_millis(100), Duration::from_secs(10)]).unwrap(),
        n_shards: chance.index(3) + 1,
        ..Settings::default()
    }
}
