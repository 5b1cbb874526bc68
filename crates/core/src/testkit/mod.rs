//! What tests need: an engine in memory, and the contract that binds every engine.
//!
//! [`MemoryStore`] is the simplest thing that keeps the promises of the ports: maps behind one
//! mutex. It is the model that other engines are compared with, and lets the core run without a
//! disk. [`contract`] has one function for each promise. [`Over`] lets a test stand between an
//! engine and whoever calls it.

mod accounts;
pub mod contract;
mod counting;
mod memory;
mod over;
mod pruning;
mod reading;
mod tables;

pub use memory::MemoryStore;
pub use over::{Over, begin_in_parts};

use crate::store::{Accounts, Store};

/// An engine: both ports.
pub trait Engine: Store + Accounts {}

impl<E: Store + Accounts> Engine for E {}
