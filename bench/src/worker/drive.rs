//! Loads: who sends next, and when it is over.

use anyhow::Result;

use super::{Worker, tell};
use crate::control::{Drive, Drove, Load, Told};
use crate::spread::Spread;

/// What was sent must have arrived within this time after the last one.
const DRAIN_PATIENCE_NS: u64 = 20_000_000_000;
/// Messages that a steady load makes up for at once when it was held up, at most.
const MAX_CATCH_UP: u64 = 1_000;

/// A load that is under way.
pub(super) struct Driving {
    load: Load,
    until_ns: u64,
    is_stopped: bool,
    told: Drove,
    acked: Spread,
    received: Spread,
    bytes_before: [u64; 2],
}

impl Driving {
    pub(super) fn new(drive: Drive, now: u64, n_bytes: [u64; 2]) -> Self {
        let lasts = std::time::Duration::from_secs_f64(drive.seconds.max(0.0)).as_nanos();
        Self {
            load: drive.load,
            until_ns: now + u64::try_from(lasts).unwrap_or(u64::MAX / 2),
            is_stopped: false,
            told: Drove { began_ns: now, ..Drove::default() },
            acked: Spread::default(),
            received: Spread::default(),
            bytes_before: n_bytes,
        }
    }

    pub(super) fn stop(&mut self, now: u64) {
        if !self.is_stopped {
            self.is_stopped = true;
            self.told.stopped_ns = now;
        }
    }

    /// When the next message of a steady load is due, or sending ends.
    pub(super) fn due_ns(&self) -> Option<u64> {
        if self.is_stopped {
            return None;
        }
        match self.load {
            // A process without pairs has nothing planned, and must not look at the clock all the time.
            Load::Pace { n_pairs, per_s } if n_pairs > 0 => {
                Some(planned_ns(self.told.began_ns, self.told.n_sent, per_s))
            }
            Load::Pace { .. } | Load::Turns { .. } | Load::Window { .. } => Some(self.until_ns),
        }
    }

    /// How many deliveries all that was sent comes to.
    fn n_due(&self, is_bare: bool) -> u64 {
        match self.load {
            Load::Turns { group } => self.told.n_sent * (group as u64 - 1),
            Load::Window { .. } | Load::Pace { .. } => {
                self.told.n_sent - if is_bare { 0 } else { self.told.n_refused }
            }
        }
    }

    fn is_drained(&self, is_bare: bool) -> bool {
        let n_answered = self.told.n_acked + self.told.n_refused;
        let is_answered = is_bare || n_answered >= self.told.n_sent;
        is_answered && self.told.n_delivered >= self.n_due(is_bare)
    }
}

/// When the `n`th message of a steady load is due.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a run is short and its rate positive"
)]
fn planned_ns(began_ns: u64, n: u64, per_s: f64) -> u64 {
    began_ns + (n as f64 * 1e9 / per_s) as u64
}

impl Worker {
    /// Sends what is due, and tells when the load is over.
    pub(super) fn drive(&mut self, now: u64) -> Result<()> {
        let Some(driving) = &mut self.driving else { return Ok(()) };
        if now >= driving.until_ns {
            driving.stop(driving.until_ns);
        }
        if !driving.is_stopped {
            return self.pace(now);
        }
        let quiet_since = self.last_delivery_ns.max(driving.told.stopped_ns);
        if !driving.is_drained(self.setup.is_bare) && now < quiet_since + DRAIN_PATIENCE_NS {
            return Ok(());
        }
        let Some(driving) = self.driving.take() else { return Ok(()) };
        let n_missing = driving.n_due(self.setup.is_bare).abs_diff(driving.told.n_delivered);
        if self.setup.is_bare {
            self.found.n_lost += n_missing;
        }
        tell(&Told::Drove(Drove {
            ended_ns: self.last_delivery_ns.max(driving.told.began_ns),
            acked: driving.acked.counts(),
            received: driving.received.counts(),
            n_bytes: [0, 1].map(|way| self.n_bytes[way] - driving.bytes_before[way]),
            ..driving.told
        }))
    }

    fn pace(&mut self, now: u64) -> Result<()> {
        for _ in 0..MAX_CATCH_UP {
            let Some(driving) = &self.driving else { return Ok(()) };
            let Load::Pace { n_pairs, per_s } = driving.load else { return Ok(()) };
            let n_sent = driving.told.n_sent;
            let planned = planned_ns(driving.told.began_ns, n_sent, per_s);
            if planned > now || n_pairs == 0 {
                return Ok(());
            }
            // The planned moment counts, so that a server that stalls is not spared.
            self.send_pair(usize::try_from(n_sent).unwrap_or(0) % n_pairs, planned)?;
        }
        Ok(())
    }

    /// The even one of a pair sends to the odd one.
    pub(super) fn send_pair(&mut self, pair: usize, planned_ns: u64) -> Result<()> {
        let conversation = self.seed.pairs.get((self.setup.first / 2) + pair).copied();
        self.count_sent();
        self.send(pair * 2, conversation.unwrap_or_default(), planned_ns)
    }

    /// A member of a group sends to its group.
    pub(super) fn send_turn(&mut self, index: usize, group: usize, now: u64) -> Result<()> {
        let place = (self.setup.first + index) / group.max(1);
        let conversation = self.seed.groups.get(place).copied();
        self.count_sent();
        self.send(index, conversation.unwrap_or_default(), now)
    }

    fn count_sent(&mut self) {
        if let Some(driving) = &mut self.driving {
            driving.told.n_sent += 1;
        }
    }

    pub(super) fn refused(&mut self) {
        if let Some(driving) = &mut self.driving {
            driving.told.n_refused += 1;
        }
    }

    /// An own message was acknowledged: with a window the next one goes.
    pub(super) fn answered(&mut self, index: usize, sent_ns: u64, now: u64) {
        let Some(driving) = &mut self.driving else { return };
        driving.told.n_acked += 1;
        driving.acked.note(now.saturating_sub(sent_ns));
        if let (Load::Window { .. }, false) = (driving.load, driving.is_stopped) {
            self.go_on(index / 2, now);
        }
    }

    /// A message of another has come.
    pub(super) fn on_delivery(
        &mut self,
        index: usize,
        conversation: Option<i64>,
        sent_ns: Option<u64>,
        now: u64,
    ) {
        let Some(driving) = &mut self.driving else { return };
        let is_of_load = match driving.load {
            Load::Turns { .. } => true,
            // A broadcast beside a load of pairs is none of it.
            Load::Window { n_pairs, .. } | Load::Pace { n_pairs, .. } => {
                let own = self.seed.pairs.get((self.setup.first + index) / 2);
                let is_own = conversation.is_none_or(|one| own == Some(&one));
                index < 2 * n_pairs && index % 2 == 1 && is_own
            }
        };
        if !is_of_load {
            return;
        }
        driving.told.n_delivered += 1;
        if !driving.is_stopped {
            driving.told.n_delivered_in_time += 1;
        }
        if let Some(sent_ns) = sent_ns {
            driving.received.note(now.saturating_sub(sent_ns));
        }
        match (driving.load, driving.is_stopped) {
            (Load::Turns { group }, is_stopped) => self.turn(index, group, is_stopped, now),
            (Load::Window { .. }, false) if self.setup.is_bare => self.go_on(index / 2, now),
            _ => {}
        }
    }

    /// Whoever has heard as many messages as stand before its own turn sends.
    fn turn(&mut self, index: usize, group: usize, is_stopped: bool, now: u64) {
        let conn = &mut self.conns[index];
        conn.n_turns += 1;
        let own = (index % group.max(1)) as u64;
        if !is_stopped && conn.n_turns % group as u64 == own {
            conn.n_turns += 1;
            if let Err(error) = self.send_turn(index, group, now) {
                self.found.example.get_or_insert(error.to_string());
            }
        }
    }

    fn go_on(&mut self, pair: usize, now: u64) {
        if let Err(error) = self.send_pair(pair, now) {
            self.found.example.get_or_insert(error.to_string());
        }
    }
}
