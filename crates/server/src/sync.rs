//! The lock, the atomics and the key of hashes of what several threads change in steps: those of
//! `parking_lot` and of the language; or, where every schedule is tried (`crates/schedules`), those
//! of the core there, and a key that is always the same: two that share a slot by chance would be
//! another story.

#[cfg(not(shuttle))]
pub(crate) use std::sync::atomic;

#[cfg(not(shuttle))]
pub(crate) use parking_lot::Mutex;
#[cfg(shuttle)]
pub(crate) use voodoo_core::schedules::{Mutex, atomic};

/// The key of hashes that nobody may choose a slot by.
#[cfg(not(shuttle))]
pub(crate) type HashKey = std::hash::RandomState;
#[cfg(shuttle)]
pub(crate) type HashKey = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
