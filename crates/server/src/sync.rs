//! The lock and the atomics of what several threads change in steps: those of `parking_lot` and of
//! the language; or, where every schedule is tried (`crates/schedules`), those of the core there.

#[cfg(not(shuttle))]
pub(crate) use std::sync::atomic;

#[cfg(not(shuttle))]
pub(crate) use parking_lot::Mutex;
#[cfg(shuttle)]
pub(crate) use voodoo_core::schedules::{Mutex, atomic};
