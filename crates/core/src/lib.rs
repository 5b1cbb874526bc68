//! Every rule between the socket and the engine.
//!
//! Knows no socket and no SQL: sessions, rules, the hub and the shards of conversations stand
//! here, over two ports ([`store::Store`] and [`clock::Clock`]).

pub mod account;
pub mod apply;
pub mod clock;
pub mod error;
pub mod rows;
pub mod store;

pub use clock::{Clock, SystemClock};
pub use error::{Fault, Refusal, StoreError};
