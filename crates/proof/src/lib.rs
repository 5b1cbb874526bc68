//! The proof from outside: many clients, a real server, a history of what was asked, answered and
//! seen, and a checker that knows nothing of how the server works.
//!
//! [`history`] is what is recorded, [`check()`] is the judgement. [`run`] makes histories against a
//! server that is killed, stopped and cut off meanwhile. [`malformed`] makes what no well-made
//! client sends.

pub mod check;
pub mod history;
pub mod malformed;
pub mod report;
pub mod run;

pub use check::{Anomaly, Kind, check};
pub use history::History;
