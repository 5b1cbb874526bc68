//! The line that says how it goes.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

/// How often a line is printed where nothing can be overwritten.
const EVERY: Duration = Duration::from_secs(10);

/// The line that says how it goes.
pub(crate) struct Progress {
    /// What is under way.
    what: String,
    counts: Vec<(usize, u64)>,
    printed: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let is_terminal = stderr().is_terminal();
        Self { what: String::new(), counts: Vec::new(), printed: None, is_terminal }
    }

    /// Something else is under way.
    pub(crate) fn now(&mut self, what: &str) {
        what.clone_into(&mut self.what);
        self.counts.clear();
        self.printed = None;
        self.print();
    }

    /// A client process told how far it is.
    pub(crate) fn heard(&mut self, number: usize, n_live: usize, n_delivered: u64) {
        if self.counts.len() <= number {
            self.counts.resize(number + 1, (0, 0));
        }
        self.counts[number] = (n_live, n_delivered);
        if self.is_terminal || self.printed.is_none_or(|at| at.elapsed() >= EVERY) {
            self.print();
        }
    }

    fn print(&mut self) {
        self.printed = Some(Instant::now());
        let n_live: usize = self.counts.iter().map(|(n_live, _)| n_live).sum();
        let n_delivered: u64 = self.counts.iter().map(|(_, n)| n).sum();
        let end = if self.is_terminal { "\x1b[K\r" } else { "\n" };
        let line = match n_live + usize::from(n_delivered > 0) {
            0 => format!("{} …{end}", self.what),
            _ => format!("{}: {n_live} connected, {n_delivered} deliveries{end}", self.what),
        };
        // Whoever closed the other end does not want to read it.
        stderr().write_all(line.as_bytes()).ok();
    }
}
