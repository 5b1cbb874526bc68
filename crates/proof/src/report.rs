//! What a run shows, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use voodoo_history::Kind;

use crate::run::{Outcome, Plan, Trouble};

/// Messages acknowledged a second that a kill has to meet, at least.
pub const MIN_ACKS_PER_S: u64 = 1_000;
/// From a start to the first acknowledgement, at most.
pub const MAX_START_MS: u64 = 2_000;

/// What came of power cuts under the store, as its test writes it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Cuts {
    /// Cuts.
    pub cuts: u64,
    /// The first one's seed; each has the next.
    pub seed: u64,
    /// Messages acknowledged.
    pub acks: usize,
    /// Those that were missing afterwards.
    pub lost: usize,
}

/// The figures of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What the server was built from.
    pub commit: String,
    /// Processors and their kind.
    pub machine: String,
    /// What decided who said what where, and when kills came.
    pub seed: u64,
    /// Clients that talked at once.
    pub sessions: u32,
    /// Messages acknowledged.
    pub acks: u64,
    /// Messages acknowledged a second, pauses by kills included.
    pub acks_per_s: u64,
    /// Kills.
    pub kills: usize,
    /// Power cuts under the store.
    pub power_cuts: u64,
    /// Acknowledged, or shown to somebody, and not there at the end; by kills and power cuts.
    pub lost: usize,
    /// There twice.
    pub doubled: usize,
    /// Moved, in another order, or with a hole.
    pub disordered: usize,
    /// Everything found, by its kind.
    pub anomalies: BTreeMap<Kind, usize>,
    /// Messages acknowledged a second when a kill came: the fewest.
    pub acks_per_s_at_kill_min: u64,
    /// Half of the kills met no more.
    pub acks_per_s_at_kill_median: u64,
    /// From a kill to the next acknowledgement: half of them took no longer.
    pub recovery_ms_median: u64,
    /// The longest.
    pub recovery_ms_max: u64,
    /// Until all clients had everything, once nobody said anything new.
    pub settled_ms: u64,
    /// Messages that were stored when starts were measured, at least.
    pub stored: u64,
    /// From each start after `kill -9` on all that to the first acknowledgement.
    pub start_ms: Vec<u64>,
    /// The power cuts.
    pub power: Option<Cuts>,
    /// The same cuts where a commit is not synced: these have to lose some, or they are not real.
    pub power_without_sync: Option<Cuts>,
    /// What was promised and not met, in words.
    pub missed: Vec<String>,
}

impl Report {
    /// The figures of an outcome.
    #[must_use]
    pub fn of(plan: &Plan, outcome: &Outcome, commit: &str) -> Self {
        let mut report = Self::figures(plan, outcome, commit);
        report.judge();
        report
    }

    /// Adds power cuts, with a commit synced and not.
    pub fn add_power_cuts(&mut self, synced: Cuts, not_synced: Cuts) {
        self.power_cuts = synced.cuts;
        self.lost += synced.lost;
        (self.power, self.power_without_sync) = (Some(synced), Some(not_synced));
        self.judge();
    }

    fn judge(&mut self) {
        let slowest = self.start_ms.iter().copied().max().unwrap_or_default();
        let slow_kill = self.kills > 0 && self.acks_per_s_at_kill_min < MIN_ACKS_PER_S;
        let is_false = self.power_without_sync.is_some_and(|cuts| cuts.lost == 0);
        let n_other = self.anomalies.values().sum::<usize>();
        let rate = self.acks_per_s_at_kill_min;
        let bounds = [
            (n_other > 0, format!("{n_other} anomalies")),
            (self.lost > 0, format!("{} lost", self.lost)),
            (slow_kill, format!("a kill at {rate} messages/s, below {MIN_ACKS_PER_S}")),
            (slowest > MAX_START_MS, format!("a start of {slowest} ms, above {MAX_START_MS}")),
            (is_false, "power cuts without a sync that lose nothing show nothing".to_owned()),
        ];
        self.missed = bounds.into_iter().filter_map(|(is, words)| is.then_some(words)).collect();
    }

    fn figures(plan: &Plan, outcome: &Outcome, commit: &str) -> Self {
        let mut anomalies = BTreeMap::new();
        for anomaly in &outcome.anomalies {
            *anomalies.entry(anomaly.kind).or_default() += 1;
        }
        let count = |kinds: &[Kind]| kinds.iter().filter_map(|kind| anomalies.get(kind)).sum();
        let mut recoveries: Vec<u64> = outcome.recoveries.iter().copied().map(ms).collect();
        recoveries.sort_unstable();
        let mut rates = outcome.rates.clone();
        rates.sort_unstable();
        Self {
            commit: commit.to_owned(),
            machine: machine(),
            seed: plan.seed,
            sessions: plan.n_people * plan.n_clients_each,
            acks: outcome.n_acked,
            acks_per_s: outcome.n_acked * 1_000 / ms(outcome.talked).max(1),
            kills: plan.troubles.iter().filter(|trouble| **trouble == Trouble::Kill).count(),
            power_cuts: 0,
            lost: count(&[
                Kind::LostAfterAck,
                Kind::ShownThenLost,
                Kind::MemberMisses,
                Kind::StaysBehind,
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
            acks_per_s_at_kill_min: rates.first().copied().unwrap_or_default(),
            acks_per_s_at_kill_median: rates.get(rates.len() / 2).copied().unwrap_or_default(),
            recovery_ms_median: recoveries.get(recoveries.len() / 2).copied().unwrap_or_default(),
            recovery_ms_max: recoveries.last().copied().unwrap_or_default(),
            settled_ms: ms(outcome.settled),
            stored: outcome.n_acked,
            start_ms: outcome.starts.iter().copied().map(ms).collect(),
            power: None,
            power_without_sync: None,
            missed: Vec::new(),
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
        writeln!(
            f,
            "a kill met {} messages/s at least, {} in the median; from it to the next acknowledgement: median {} ms, longest {} ms; all had everything after {} ms",
            self.acks_per_s_at_kill_min,
            self.acks_per_s_at_kill_median,
            self.recovery_ms_median,
            self.recovery_ms_max,
            self.settled_ms
        )?;
        let (stored, starts) = (self.stored, &self.start_ms);
        writeln!(
            f,
            "with {stored} stored, from a start to the first acknowledgement: {starts:?} ms"
        )?;
        if let (Some(synced), Some(not)) = (self.power, self.power_without_sync) {
            let (cuts, acks, lost) = (synced.cuts, synced.acks, synced.lost);
            let without = (not.cuts, not.acks, not.lost);
            writeln!(
                f,
                "{acks} acknowledged through {cuts} power cuts: {lost} lost; without a sync {} cuts lose {} of {}",
                without.0, without.2, without.1
            )?;
        }
        self.missed.iter().try_for_each(|words| writeln!(f, "missed: {words}"))
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

#[cfg(test)]
mod tests {
    use voodoo_history::History;

    use super::*;
    use crate::run::server::Program;

    fn report(rates: &[u64], starts_ms: &[u64]) -> Report {
        let program = Program {
            under: Vec::new(),
            binary: "x".into(),
            data: "y".into(),
            settings: Vec::new(),
        };
        let plan = Plan {
            program,
            n_people: 100,
            n_clients_each: 2,
            group: None,
            window: 8,
            troubles: vec![Trouble::Kill; rates.len()],
            n_acked_between: 1,
            n_acked: 9,
            silence: Duration::from_secs(1),
            seed: 7,
            n_starts: starts_ms.len(),
        };
        let outcome = Outcome {
            history: History::default(),
            anomalies: Vec::new(),
            n_acked: 9,
            talked: Duration::from_secs(1),
            recoveries: Vec::new(),
            rates: rates.to_vec(),
            starts: starts_ms.iter().copied().map(Duration::from_millis).collect(),
            settled: Duration::ZERO,
        };
        Report::of(&plan, &outcome, "c")
    }

    fn cuts(lost: usize) -> Cuts {
        Cuts { cuts: 20, seed: 1, acks: 500, lost }
    }

    #[test]
    fn each_bound_that_is_missed_is_told() {
        let mut good = report(&[1_000, 5_000, 3_000], &[2_000, 90]);
        good.add_power_cuts(cuts(0), cuts(3));
        assert_eq!(good.missed, Vec::<String>::new());
        assert_eq!((good.acks_per_s_at_kill_min, good.acks_per_s_at_kill_median), (1_000, 3_000));
        assert_eq!((good.power_cuts, good.lost, good.seed), (20, 0, 7));
        let slow = report(&[999], &[2_001]).missed;
        assert_eq!(slow.len(), 2, "{slow:?}");
        let mut lossy = report(&[], &[]);
        lossy.add_power_cuts(cuts(1), cuts(0));
        assert_eq!((lossy.lost, lossy.missed.len()), (1, 2), "{:?}", lossy.missed);
    }
}
