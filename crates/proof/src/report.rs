//! What a run shows, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::time::Duration;

use serde::Serialize;

use crate::check::Kind;
use crate::run::{Outcome, Plan, Trouble};

/// The figures of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What the server was built from.
    pub commit: String,
    /// Processors and their kind.
    pub machine: String,
    /// Clients that talked at once.
    pub sessions: u32,
    /// Messages acknowledged.
    pub acks: u64,
    /// Messages acknowledged a second, pauses by kills included.
    pub acks_per_s: u64,
    /// Kills.
    pub kills: usize,
    /// Acknowledged, or shown to somebody, and not there at the end.
    pub lost: usize,
    /// There twice.
    pub doubled: usize,
    /// Moved, in another order, or with a hole.
    pub disordered: usize,
    /// Everything found, by its kind.
    pub anomalies: BTreeMap<Kind, usize>,
    /// From a kill to the next acknowledgement: half of them took no longer.
    pub recovery_ms_median: u64,
    /// The longest.
    pub recovery_ms_max: u64,
    /// Until all clients had everything, once nobody said anything new.
    pub settled_ms: u64,
}

impl Report {
    /// The figures of an outcome.
    #[must_use]
    pub fn of(plan: &Plan, outcome: &Outcome, commit: &str) -> Self {
        let mut anomalies = BTreeMap::new();
        for anomaly in &outcome.anomalies {
            *anomalies.entry(anomaly.kind).or_default() += 1;
        }
        let count = |kinds: &[Kind]| kinds.iter().filter_map(|kind| anomalies.get(kind)).sum();
        let mut recoveries: Vec<u64> = outcome.recoveries.iter().copied().map(ms).collect();
        recoveries.sort_unstable();
        Self {
            commit: commit.to_owned(),
            machine: machine(),
            sessions: plan.n_people * plan.n_clients_each,
            acks: outcome.n_acked,
            acks_per_s: outcome.n_acked * 1_000 / ms(outcome.talked).max(1),
            kills: plan.troubles.iter().filter(|trouble| **trouble == Trouble::Kill).count(),
            lost: count(&[
                Kind::LostAfterAck,
                Kind::ShownThenLost,
                Kind::MemberMisses,
                Kind::MarkLost,
            ]),
            doubled: count(&[Kind::Duplicate]),
            disordered: count(&[
                Kind::Moved,
                Kind::Gap,
                Kind::Disagreement,
                Kind::RealTimeOrder,
                Kind::SenderOrder,
                Kind::LineSkips,
                Kind::LineGoesBack,
            ]),
            recovery_ms_median: recoveries.get(recoveries.len() / 2).copied().unwrap_or_default(),
            recovery_ms_max: recoveries.last().copied().unwrap_or_default(),
            settled_ms: ms(outcome.settled),
            anomalies,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} acknowledged by {} sessions at {}/s through {} kills: {} lost, {} doubled, {} disordered",
            self.acks,
            self.sessions,
            self.acks_per_s,
            self.kills,
            self.lost,
            self.doubled,
            self.disordered
        )?;
        write!(
            f,
            "from a kill to the next acknowledgement: median {} ms, longest {} ms; all had everything after {} ms",
            self.recovery_ms_median, self.recovery_ms_max, self.settled_ms
        )
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn machine() -> String {
    let n_cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let facts = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = facts.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    format!("{n_cores} × {}", model.map_or("unknown", |(_, model)| model.trim()))
}
