//! The steps between receiving a message and acknowledging it, at which a test ends the process or
//! lets the step panic.
//!
//! Only with the feature `fail_points`, which no product has: without it [`pass`] is nothing.
//! `FAIL_POINT=committed:abort:120` lets the process end when the step `committed` is passed for
//! the 120th time, `FAIL_POINT=checked:panic:40` lets that step panic once.
//! `FAIL_CLOCK` names a file that says by how many milliseconds the clock is turned ahead.

/// A step on the way of a message; in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The text of a frame came.
    Received,
    /// It was read as a request.
    Decoded,
    /// Its shape and the rates allow it.
    Checked,
    /// It stands in the mailbox of its conversation's shard.
    Queued,
    /// The shard hands it to the store.
    Taken,
    /// It was written, in a transaction that is not committed.
    Written,
    /// The transaction is on disk; nobody knows yet.
    Committed,
    /// The shard knows, and has told nobody.
    Settled,
    /// Others were told; the answer was not given.
    Told,
    /// The answer stands in the outbox.
    Answered,
}

impl Step {
    /// Every step, in its order.
    pub const ALL: [Self; 10] = [
        Self::Received,
        Self::Decoded,
        Self::Checked,
        Self::Queued,
        Self::Taken,
        Self::Written,
        Self::Committed,
        Self::Settled,
        Self::Told,
        Self::Answered,
    ];
}

/// Passes a step.
#[cfg(not(feature = "fail_points"))]
#[inline]
pub fn pass(_step: Step) {}

/// How far the clock of the machine is turned ahead by a test.
#[cfg(not(feature = "fail_points"))]
#[inline]
pub(crate) fn clock_ahead_ms() -> i64 {
    0
}

#[cfg(feature = "fail_points")]
pub(crate) use armed::clock_ahead_ms;
#[cfg(feature = "fail_points")]
pub use armed::pass;

#[cfg(feature = "fail_points")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Step;

    /// What was asked for.
    struct Armed {
        step: Step,
        is_abort: bool,
        /// How often the step is still passed before it fails.
        n_left: AtomicU64,
    }

    /// Passes a step, or fails at it.
    ///
    /// # Panics
    ///
    /// If that was asked for, or if what was asked for makes no sense.
    pub fn pass(step: Step) {
        static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
        let armed = ARMED.get_or_init(|| {
            let wanted = std::env::var("FAIL_POINT").ok()?;
            Some(read(&wanted).expect("FAIL_POINT is STEP:abort|panic:COUNT"))
        });
        let Some(armed) = armed.as_ref().filter(|armed| armed.step == step) else { return };
        if armed.n_left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        if armed.is_abort {
            std::process::abort();
        }
        panic!("the step {step:?} was to fail");
    }

    /// What stands in the file that `FAIL_CLOCK` names, read each time: milliseconds ahead.
    pub(crate) fn clock_ahead_ms() -> i64 {
        static FILE: OnceLock<Option<std::path::PathBuf>> = OnceLock::new();
        let file = FILE.get_or_init(|| std::env::var_os("FAIL_CLOCK").map(Into::into));
        let said = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        said.and_then(|said| said.trim().parse().ok()).unwrap_or(0)
    }

    fn read(wanted: &str) -> Option<Armed> {
        let mut words = wanted.split(':');
        let name = words.next()?;
        let is_it = |step: &Step| format!("{step:?}").eq_ignore_ascii_case(name);
        let step = Step::ALL.into_iter().find(is_it)?;
        let is_abort = match words.next()? {
            "abort" => true,
            "panic" => false,
            _ => return None,
        };
        let n_left: u64 = words.next()?.parse().ok()?;
        Some(Armed { step, is_abort, n_left: n_left.into() })
    }
}
