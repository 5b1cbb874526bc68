//! Every rule between the socket and the engine.
//!
//! Knows no socket and no SQL: sessions, rules, the hub and the shards of conversations stand
//! here, over three ports ([`store::Store`] with [`store::Accounts`], [`bus::Bus`], [`Clock`]).

pub mod account;
pub mod apply;
mod attention;
pub mod bus;
pub mod census;
pub mod clock;
mod conversations;
mod core;
pub mod error;
pub mod fail_point;
pub mod fan_out;
pub mod fault;
pub mod frame;
mod gathers;
pub mod hub;
pub mod likeness;
mod marks;
pub mod outbox;
pub mod pulse;
pub mod rates;
pub mod retention;
pub mod room;
pub mod rows;
#[cfg(shuttle)]
pub mod schedules;
pub mod session;
pub mod settings;
pub mod store;
mod sync;
pub mod tally;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use crate::core::{Core, Ports, Worker};
pub use clock::{Clock, SteadyClock, SystemClock};
pub use error::{Fault, Refusal, StoreError};
pub use rates::Bucket;
pub use session::Session;
pub use settings::Settings;
