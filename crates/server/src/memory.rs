//! The process's budget of memory: near its end nobody new is let in, and those who are there go on.
//!
//! Who measures stands elsewhere, and tells what it found.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use voodoo_core::{Refusal, fault};

/// What the process may use, and when it begins and ends to refuse.
#[derive(Debug, Clone, Copy)]
pub struct MemoryOptions {
    /// Memory that may be resident; `None` = no budget.
    pub budget_bytes: Option<u64>,
    /// From this share of the budget on nobody new is let in.
    pub refuse_percent: u8,
    /// Below this share everyone is let in again.
    pub admit_percent: u8,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { budget_bytes: None, refuse_percent: 90, admit_percent: 80 }
    }
}

/// What changed by a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// From here on nobody new is let in.
    Refuses,
    /// From here on everyone is let in again.
    Admits,
}

/// The budget, and how much of it is used.
#[derive(Debug)]
pub struct Memory {
    options: MemoryOptions,
    resident_bytes: AtomicU64,
    is_refusing: AtomicBool,
}

impl Memory {
    pub(crate) fn new(options: MemoryOptions) -> Self {
        let (resident_bytes, is_refusing) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { options, resident_bytes, is_refusing }
    }

    /// Notes what was measured, and says what it changes.
    pub fn note(&self, resident_bytes: u64) -> Option<Turn> {
        self.resident_bytes.store(resident_bytes, Ordering::Relaxed);
        let budget_bytes = self.options.budget_bytes?;
        let share = |percent: u8| budget_bytes / 100 * u64::from(percent);
        let was_refusing = self.is_refusing();
        let is_refusing = match was_refusing {
            false => resident_bytes >= share(self.options.refuse_percent),
            true => resident_bytes >= share(self.options.admit_percent),
        };
        self.is_refusing.store(is_refusing, Ordering::Relaxed);
        match (was_refusing, is_refusing) {
            (false, true) => Some(Turn::Refuses),
            (true, false) => Some(Turn::Admits),
            (true, true) | (false, false) => None,
        }
    }

    /// Whether nobody new is let in.
    #[must_use]
    pub fn is_refusing(&self) -> bool {
        self.is_refusing.load(Ordering::Relaxed)
    }

    /// What the process may use; `None` = no budget.
    #[must_use]
    pub fn budget_bytes(&self) -> Option<u64> {
        self.options.budget_bytes
    }

    /// What was measured last.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.resident_bytes.load(Ordering::Relaxed)
    }

    /// Refuses whoever is new while there is little left.
    ///
    /// # Errors
    ///
    /// `unavailable`, with a wait that differs from one to the next.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if !self.is_refusing() {
            return Ok(());
        }
        let wait_ms = rand::random_range(1_000..=10_000);
        Err(fault::unavailable("the server is short of memory").after_ms(wait_ms))
    }

    /// What people are told while nobody new is let in.
    pub(crate) fn words(&self) -> Option<String> {
        let budget_bytes = self.options.budget_bytes.filter(|_| self.is_refusing())?;
        let [used, budget] = [self.resident_bytes(), budget_bytes].map(|bytes| bytes >> 20);
        Some(format!("{used} MiB of {budget} are used: new sockets and log-ins are refused"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusing_begins_at_one_mark_and_ends_below_another() {
        let budget_bytes = Some(1_000);
        let memory = Memory::new(MemoryOptions { budget_bytes, ..MemoryOptions::default() });
        for (resident_bytes, turn, is_refusing) in [
            (0, None, false),
            (899, None, false),
            (900, Some(Turn::Refuses), true),
            (2_000, None, true),
            (899, None, true),
            (800, None, true),
            (799, Some(Turn::Admits), false),
            (899, None, false),
            (900, Some(Turn::Refuses), true),
        ] {
            assert_eq!(memory.note(resident_bytes), turn, "{resident_bytes}");
            assert_eq!(memory.is_refusing(), is_refusing, "{resident_bytes}");
            assert_eq!(
                (memory.check().is_err(), memory.words().is_some()),
                (is_refusing, is_refusing)
            );
            assert_eq!(memory.resident_bytes(), resident_bytes);
        }
    }

    #[test]
    fn without_a_budget_nobody_is_refused() {
        let memory = Memory::new(MemoryOptions::default());
        assert_eq!(memory.note(u64::MAX), None);
        assert_eq!((memory.is_refusing(), memory.check().is_ok()), (false, true));
    }
}
