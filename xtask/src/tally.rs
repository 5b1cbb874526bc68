//! Counting tests: what the three test runners say, brought to one form.

use std::fmt::{self, Display};
use std::ops::AddAssign;

use serde_json::Value;

/// How many tests ran, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Neither passed nor failed: switched off in the code, or left out by a filter.
    pub(crate) skipped: u64,
}

impl Tally {
    /// Adds what a line of `cargo test` says; any line but a closing one says nothing.
    pub(crate) fn add_cargo_line(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        // The verdict stands before the first count: `ok. 3 passed; 0 failed; …`.
        let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
        for count in counts.split("; ") {
            let mut words = count.split(' ');
            let number = words.next().and_then(|word| word.parse::<u64>().ok());
            let what = words.next();
            match (number, what) {
                (Some(number), Some("passed")) => self.passed += number,
                (Some(number), Some("failed")) => self.failed += number,
                (Some(number), Some("ignored")) => self.skipped += number,
                (Some(_) | None, _) => {}
            }
        }
    }

    /// Reads the report of vitest; a file that could not be loaded counts as one failure.
    pub(crate) fn of_vitest(report: &Value) -> Self {
        let count = |key: &str| report[key].as_u64().unwrap_or(0);
        Self {
            passed: count("numPassedTests"),
            failed: count("numFailedTests").max(count("numFailedTestSuites").min(1)),
            skipped: count("numPendingTests") + count("numTodoTests"),
        }
    }

    /// Reads the report of Playwright; a test that passed only when repeated is a failure.
    pub(crate) fn of_playwright(report: &Value) -> Self {
        let count = |key: &str| report["stats"][key].as_u64().unwrap_or(0);
        Self {
            passed: count("expected"),
            failed: count("unexpected") + count("flaky"),
            skipped: count("skipped"),
        }
    }

    /// Turns everything that must not be silent into failures, and says why.
    ///
    /// With a filter tests are left out on purpose; without one, a suite that runs no test or
    /// skips some has failed. A runner that ended badly has failed whatever it counted.
    pub(crate) fn judge(&mut self, ended_well: bool, is_filtered: bool) -> Option<String> {
        let skipped = self.skipped;
        let nothing_ran = self.passed + self.failed == 0;
        if !is_filtered && skipped > 0 {
            self.failed += skipped;
            return Some(format!("{skipped} skipped: a test that does not run is a failure"));
        }
        if !ended_well && self.failed == 0 {
            self.failed = 1;
            return Some("the runner ended badly".to_owned());
        }
        if !is_filtered && nothing_ran {
            self.failed = 1;
            return Some("no test ran".to_owned());
        }
        None
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn closing_lines_of_cargo_add_up() {
        let mut sum = Tally::default();
        for line in [
            "running 4 tests",
            "test tally::tests::x ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 2 passed; 5 failed; 0 ignored; 0 measured; 9 filtered out; finished in 1.20s",
        ] {
            sum.add_cargo_line(line);
        }
        assert_eq!(sum, tally(5, 5, 1));
    }

    #[test]
    fn reports_of_vitest_are_read() {
        let report = json!({"numPassedTests": 7, "numFailedTests": 2, "numFailedTestSuites": 1,
            "numPendingTests": 1, "numTodoTests": 3});
        assert_eq!(Tally::of_vitest(&report), tally(7, 2, 4));
        let unloadable =
            json!({"numPassedTests": 7, "numFailedTests": 0, "numFailedTestSuites": 2});
        assert_eq!(Tally::of_vitest(&unloadable), tally(7, 1, 0));
    }

    #[test]
    fn reports_of_playwright_are_read() {
        let report = json!({"stats": {"expected": 4, "unexpected": 1, "flaky": 2, "skipped": 3}});
        assert_eq!(Tally::of_playwright(&report), tally(4, 3, 3));
    }

    #[test]
    fn nothing_is_silent() {
        let check = |mut given: Tally, ended_well, is_filtered, expect: Tally, is_told: bool| {
            let told = given.judge(ended_well, is_filtered);
            assert_eq!((given, told.is_some()), (expect, is_told), "{told:?}");
        };
        check(tally(3, 0, 0), true, false, tally(3, 0, 0), false);
        check(tally(3, 1, 0), false, false, tally(3, 1, 0), false);
        check(tally(3, 0, 0), false, false, tally(3, 1, 0), true);
        check(tally(0, 0, 0), true, false, tally(0, 1, 0), true);
        check(tally(0, 0, 0), true, true, tally(0, 0, 0), false);
        check(tally(3, 0, 2), true, false, tally(3, 2, 2), true);
        check(tally(3, 0, 2), true, true, tally(3, 0, 2), false);
    }
}
