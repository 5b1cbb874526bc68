//! How measured times are spread: histograms that travel between processes.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Whatever takes longer counts as this.
const LONGEST_NS: u64 = 600_000_000_000;

/// Times in nanoseconds, to three digits.
#[derive(Debug, Clone)]
pub(crate) struct Spread(Histogram<u64>);

impl Default for Spread {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("three digits are allowed"))
    }
}

/// A spread on its way between processes: values and how often each was met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts(Vec<(u64, u64)>);

/// A spread in a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    /// How many were measured.
    pub(crate) n: u64,
    /// Half are at most this.
    pub(crate) p50_ms: f64,
    /// Nine of ten are at most this.
    pub(crate) p90_ms: f64,
    /// 99 of 100 are at most this.
    pub(crate) p99_ms: f64,
    /// 999 of 1,000 are at most this.
    pub(crate) p999_ms: f64,
    /// The greatest.
    pub(crate) max_ms: f64,
}

impl Spread {
    /// Notes one time.
    pub(crate) fn note(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    /// Takes in what another process measured.
    pub(crate) fn add(&mut self, counts: &Counts) {
        for (value, n) in &counts.0 {
            self.0.saturating_record_n(*value, *n);
        }
    }

    /// What another process adds.
    pub(crate) fn counts(&self) -> Counts {
        let met = self.0.iter_recorded();
        Counts(met.map(|step| (step.value_iterated_to(), step.count_at_value())).collect())
    }

    /// What a report says.
    pub(crate) fn percentiles(&self) -> Percentiles {
        let at = |quantile| to_ms(self.0.value_at_quantile(quantile));
        Percentiles {
            n: self.0.len(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: to_ms(self.0.max()),
        }
    }
}

/// Nanoseconds as milliseconds.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn to_ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_known_spread_are_right_within_three_digits() {
        let mut spread = Spread::default();
        (1..=1_000).for_each(|ms| spread.note(ms * 1_000_000));
        let said = spread.percentiles();
        assert_eq!(said.n, 1_000);
        for (got, want) in
            [(said.p50_ms, 500.0), (said.p90_ms, 900.0), (said.p99_ms, 990.0), (said.max_ms, 1e3)]
        {
            assert!((got - want).abs() / want < 0.002, "{got} is not {want}");
        }
    }

    #[test]
    fn what_two_processes_measured_adds_up() {
        let (mut one, mut other) = (Spread::default(), Spread::default());
        (0..100).for_each(|_| one.note(1_000_000));
        (0..300).for_each(|_| other.note(9_000_000));
        one.add(&other.counts());
        let said = one.percentiles();
        assert_eq!(said.n, 400);
        assert!((said.p50_ms - 9.0).abs() < 0.02, "{}", said.p50_ms);
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!(Spread::default().percentiles(), Percentiles::default());
    }
}
