//! What a run found: rows with must and aim, as a table for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::judge::Judged;
use crate::machine::Machine;

/// Which side of a bound is good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Goal {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtMost(bound) => figure <= bound,
            Self::AtLeast(bound) => figure >= bound,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(bound) => format!("≤ {}", short(bound)),
            Self::AtLeast(bound) => format!("≥ {}", short(bound)),
        }
    }
}

/// What a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The must is missed.
    Missed,
    /// The must is met.
    Must,
    /// The aim is met.
    Aim,
    /// The yardstick fell short on this machine: it counts for nothing.
    Void,
}

/// One figure with its bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    /// What is measured, and its unit.
    pub(crate) what: &'static str,
    /// What has to be reached.
    pub(crate) must: Goal,
    /// What is aimed for.
    pub(crate) aim: Goal,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    /// Of which scenario.
    pub(crate) scenario: String,
    /// What is measured, and its unit.
    pub(crate) what: &'static str,
    /// What has to be reached.
    pub(crate) must: Goal,
    /// What is aimed for.
    pub(crate) aim: Goal,
    /// One figure of each repetition that counts.
    pub(crate) figures: Vec<f64>,
    /// Those that count for nothing.
    pub(crate) set_aside: Vec<SetAside>,
}

/// A figure whose yardstick fell short: something else kept the machine busy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SetAside {
    /// What it was.
    pub(crate) figure: f64,
    /// Why it counts for nothing.
    pub(crate) why: String,
}

impl Row {
    /// The figures that count; if none does, the others, for reading.
    fn shown(&self) -> Vec<f64> {
        match self.figures.is_empty() {
            true => self.set_aside.iter().map(|one| one.figure).collect(),
            false => self.figures.clone(),
        }
    }

    /// The middle figure.
    pub(crate) fn median(&self) -> f64 {
        median(&self.shown())
    }

    /// What it came to.
    pub(crate) fn verdict(&self) -> Verdict {
        let figure = self.median();
        if self.figures.is_empty() {
            Verdict::Void
        } else if self.aim.is_met(figure) {
            Verdict::Aim
        } else if self.must.is_met(figure) {
            Verdict::Must
        } else {
            Verdict::Missed
        }
    }

    fn line(&self) -> String {
        let shown = self.shown();
        let ends = |pick: fn(f64, f64) -> f64| shown.iter().copied().reduce(pick);
        let (low, high) = (ends(f64::min).unwrap_or(0.0), ends(f64::max).unwrap_or(0.0));
        let verdict = match self.verdict() {
            Verdict::Missed => "**missed**",
            Verdict::Must => "must",
            Verdict::Aim => "aim",
            Verdict::Void => "void",
        };
        format!(
            "| {} | {} | {} | {} | **{}** ({}–{}) | {verdict} |",
            self.scenario,
            self.what,
            self.must.words(),
            self.aim.words(),
            short(self.median()),
            short(low),
            short(high)
        )
    }
}

/// The middle of some figures; of an even number the mean of the middle two.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (n, half) if n % 2 == 1 => sorted[half],
        (_, half) => f64::midpoint(sorted[half - 1], sorted[half]),
    }
}

/// A figure as short as it says enough.
pub(crate) fn short(figure: f64) -> String {
    match figure.abs() {
        size if size >= 1_000.0 => format!("{figure:.0}"),
        size if size >= 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// What one repetition of a scenario measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measured {
    /// Of which scenario.
    pub(crate) scenario: String,
    /// Which repetition, from 1.
    pub(crate) repetition: usize,
    /// Everything, for whoever wants to look closer.
    pub(crate) details: Value,
}

/// What the judge heard and found in all repetitions of a scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Hearing {
    /// Of which scenario.
    pub(crate) scenario: String,
    /// Counts.
    #[serde(flatten)]
    pub(crate) judged: Judged,
}

/// Everything that a run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Which build was measured.
    pub(crate) commit: String,
    /// When, in Unix milliseconds.
    pub(crate) at_ms: u64,
    /// On what.
    pub(crate) machine: Machine,
    /// The table.
    pub(crate) rows: Vec<Row>,
    /// What the judge heard of the watched clients.
    pub(crate) judged: Vec<Hearing>,
    /// Runs that failed: nothing they measured is in the table.
    pub(crate) failures: Vec<String>,
    /// Somebody ended it early.
    pub(crate) is_interrupted: bool,
    /// All figures.
    pub(crate) measured: Vec<Measured>,
}

impl Report {
    /// Adds a figure of a repetition.
    pub(crate) fn add(&mut self, scenario: &str, bar: Bar, figure: f64, void: Option<String>) {
        let void =
            void.or_else(|| (!figure.is_finite()).then(|| "too little to measure".to_owned()));
        let same = |row: &Row| row.scenario == scenario && row.what == bar.what;
        let at = self.rows.iter().position(same).unwrap_or_else(|| {
            self.rows.push(Row {
                scenario: scenario.to_owned(),
                what: bar.what,
                must: bar.must,
                aim: bar.aim,
                figures: Vec::new(),
                set_aside: Vec::new(),
            });
            self.rows.len() - 1
        });
        match void {
            None => self.rows[at].figures.push(figure),
            Some(why) => self.rows[at].set_aside.push(SetAside { figure, why }),
        }
    }

    /// Whether one more repetition of a scenario may say something else: a must is missed, or no
    /// figure counts.
    pub(crate) fn is_in_doubt(&self, scenario: &str) -> bool {
        let mut rows = self.rows.iter().filter(|row| row.scenario == scenario);
        rows.any(|row| matches!(row.verdict(), Verdict::Missed | Verdict::Void))
    }

    /// Adds what the judge heard in a repetition, if it heard anything.
    pub(crate) fn add_judged(&mut self, scenario: &str, judged: &Judged) {
        if *judged == Judged::default() {
            return;
        }
        if let Some(hearing) = self.judged.iter_mut().find(|one| one.scenario == scenario) {
            hearing.judged.add(judged);
            return;
        }
        self.judged.push(Hearing { scenario: scenario.to_owned(), judged: judged.clone() });
    }

    /// Whether no must was missed and no check failed.
    pub(crate) fn is_good(&self) -> bool {
        let is_missed = |row: &Row| row.verdict() == Verdict::Missed;
        self.failures.is_empty() && !self.is_interrupted && !self.rows.iter().any(is_missed)
    }

    /// The table for people.
    pub(crate) fn table(&self) -> String {
        let Machine { processor, n_processors, memory_gib, kernel, load_before } = &self.machine;
        let mut text = format!(
            "Commit {}. {n_processors} × {processor}, {memory_gib} GiB, Linux {kernel}; load before: {load_before}.\n\
             Server, clients and yardsticks share these processors; all traffic is over loopback.\n\n\
             | scenario | figure | must | aim | median (range) | reached |\n|---|---|---|---|---|---|\n",
            self.commit
        );
        for row in &self.rows {
            text += &row.line();
            text.push('\n');
        }
        for row in &self.rows {
            for SetAside { figure, why } in &row.set_aside {
                let (scenario, what, figure) = (&row.scenario, row.what, short(*figure));
                let _infallible = write!(text, "\nVoid: {scenario}, {what}, {figure}: {why}.");
            }
        }
        for Hearing { scenario, judged } in &self.judged {
            let _infallible = write!(text, "\nJudged: {scenario}, {}.", judged.words());
        }
        for failure in &self.failures {
            let _infallible = write!(text, "\nFailed: {failure}");
        }
        if self.is_interrupted {
            text += "\nEnded early: what is here is not the whole.";
        }
        text.trim_end().to_owned() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: Bar = Bar { what: "ratio", must: Goal::AtMost(1.3), aim: Goal::AtMost(1.0) };

    fn report(figures: &[f64], void: Option<&str>) -> Report {
        let mut report = Report {
            commit: "abc".to_owned(),
            at_ms: 0,
            machine: crate::machine::describe(),
            rows: Vec::new(),
            judged: Vec::new(),
            failures: Vec::new(),
            is_interrupted: false,
            measured: Vec::new(),
        };
        for figure in figures {
            report.add("broadcast", BAR, *figure, void.map(str::to_owned));
        }
        report
    }

    #[test]
    fn the_median_decides_and_the_range_is_told() {
        let report = report(&[1.2, 9.0, 0.9], None);
        assert_eq!(report.rows[0].verdict(), Verdict::Must);
        assert!(report.table().contains("| **1.20** (0.90–9.00) | must |"), "{}", report.table());
        assert!(report.is_good());
    }

    #[test]
    fn a_missed_must_makes_the_run_bad_and_a_void_row_does_not() {
        assert!(!report(&[1.4], None).is_good());
        let void = report(&[1.4], Some("the yardstick is slow"));
        assert!(void.is_good());
        assert!(void.table().contains("| **1.40** (1.40–1.40) | void |"), "{}", void.table());
        assert!(void.table().contains("Void: broadcast, ratio, 1.40: the yardstick is slow."));
    }

    #[test]
    fn a_figure_that_counts_for_nothing_leaves_the_others_as_they_are() {
        let mut report = report(&[1.4], Some("the yardstick is slow"));
        assert!(report.is_in_doubt("broadcast"));
        report.add("broadcast", BAR, 1.2, None);
        assert_eq!(report.rows[0].verdict(), Verdict::Must);
        assert!(report.table().contains("| **1.20** (1.20–1.20) | must |"), "{}", report.table());
        assert!(report.table().contains("1.40: the yardstick is slow"), "{}", report.table());
        assert!(!report.is_in_doubt("broadcast"));
    }

    #[test]
    fn a_missed_must_is_in_doubt_and_a_met_one_is_not() {
        assert!(report(&[1.4], None).is_in_doubt("broadcast"));
        assert!(!report(&[1.4], None).is_in_doubt("storm"));
        assert!(!report(&[1.4, 1.2, 1.1], None).is_in_doubt("broadcast"));
    }

    #[test]
    fn a_failed_check_or_an_early_end_makes_the_run_bad() {
        let good = || report(&[0.9], None);
        assert!(good().is_good());
        assert!(!Report { failures: vec!["1 lost".to_owned()], ..good() }.is_good());
        assert!(!Report { is_interrupted: true, ..good() }.is_good());
    }

    #[test]
    fn what_was_judged_is_told_with_all_repetitions_together() {
        let mut report = report(&[0.9], None);
        let judged = Judged { clients: 2, attempts: 5, sights: 5, ..Judged::default() };
        report.add_judged("broadcast", &judged);
        report.add_judged("broadcast", &judged);
        report.add_judged("log-in", &Judged::default());
        let table = report.table();
        let words = "Judged: broadcast, of 4 watched clients 10 messages sent, 0 answered, 10 seen";
        assert!(table.contains(words) && !table.contains("log-in"), "{table}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["judged"][0]["attempts"], 10, "{json}");
    }

    #[test]
    fn more_is_better_where_the_bar_says_so() {
        let bar = Bar { what: "rate", must: Goal::AtLeast(0.7), aim: Goal::AtLeast(0.9) };
        let mut report = report(&[], None);
        report.add("group", bar, 0.8, None);
        assert_eq!(report.rows[0].verdict(), Verdict::Must);
    }
}
