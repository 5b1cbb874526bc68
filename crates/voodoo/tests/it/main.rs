//! The promises of the binary.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod foreign;
mod kill;
mod people;
mod server;
mod sync_trace;
